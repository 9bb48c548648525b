"""The state that every twin has."""

from dataclasses import dataclass, field

from twins.core.clock import Clock
from twins.core.faults import FaultPlan
from twins.core.ids import Ids
from twins.core.journal import Journal


@dataclass(slots=True)
class Core:
    """The moving parts that every twin has; handlers read them, admin routes change them."""

    name: str
    clock: Clock = field(default_factory=Clock)
    ids: Ids = field(default_factory=Ids)
    faults: FaultPlan = field(default_factory=FaultPlan)
    journal: Journal = field(default_factory=Journal)

    def reset(self) -> None:
        """Start over, as if new."""
        self.clock.reset()
        self.ids.reset()
        self.faults.clear()
        self.journal.clear()
