"""What a worker is asked to do with one candidate."""

import json
from dataclasses import dataclass

Swap = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Order:
    """What one child shall do."""

    run: tuple[str, ...] = ()
    seconds: float = 2.0
    swap: Swap | None = None
    every: bool = False
    trace: bool = False

    def encode(self) -> bytes:
        """Write the order on one line."""
        fields = [self.run, self.seconds, self.swap, self.every, self.trace]
        return json.dumps(fields).encode() + b"\n"

    @staticmethod
    def decode(line: bytes) -> "Order":
        """Read an order from its line."""
        run, seconds, swap, every, trace = json.loads(line)
        place = (swap[0], swap[1], swap[2]) if swap else None
        return Order(tuple(run), seconds, place, every, trace)
