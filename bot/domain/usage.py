"""What a run has consumed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """Model tokens by price class, money, and processor time spent in boxes."""

    input_tokens: int = 0
    """Uncached input only, as the API counts it."""
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    model_seconds: float = 0.0
    box_seconds: float = 0.0
    cpu_seconds: float = 0.0
    calls: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Add field by field."""
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.output_tokens + other.output_tokens,
            self.usd + other.usd,
            self.model_seconds + other.model_seconds,
            self.box_seconds + other.box_seconds,
            self.cpu_seconds + other.cpu_seconds,
            self.calls + other.calls,
        )
