"""The front matter of mission.md as people write it: every key, its type and its bounds."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.domain.mission import Environment, Gate, Limits, Mission, Product

_LIB = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_SPECIFIER = re.compile(r"[A-Za-z0-9][\w.-]*\s*(\[[\w., -]*\])?\s*[^@/\\\n]*")

_LIMITS = Limits()


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    if any(ord(char) < ord(" ") for char in text):
        raise ValueError("has a line break or a control character in it; write it on one line")
    return text.strip()


def _inside(text: str) -> str:
    path = _one_line(text)
    if path.startswith(("/", "~")) or "\\" in path or ".." in path.split("/"):
        raise ValueError(f"`{path}` leaves the repository; write a path below its root")
    return path


def _importable(text: str) -> str:
    if not _LIB.fullmatch(text):
        raise ValueError(f"`{text}` is no Python import name, such as `parcel` or `parcel.api`")
    return text


def _specifier(text: str) -> str:
    spec = _one_line(text)
    if not _SPECIFIER.fullmatch(spec):
        raise ValueError(
            f"`{spec}` is no plain requirement such as `attrs>=23`;"
            " options, paths and direct addresses are not taken"
        )
    return spec


Command = Annotated[str, AfterValidator(_one_line)]
InsidePath = Annotated[str, AfterValidator(_inside)]
ImportName = Annotated[str, AfterValidator(_importable)]
Specifier = Annotated[str, AfterValidator(_specifier)]


class Section(BaseModel):
    """What every part of the front matter has in common: strict types, no unknown keys."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class ProductSection(Section):
    """`product`: how scenarios reach the product."""

    cli: Command | None = None
    http: Command | None = None
    lib: ImportName | None = None

    def noun(self) -> Product:
        """Return the noun."""
        return Product(cli=self.cli or "", http=self.http or "", lib=self.lib or "")


class EnvironmentSection(Section):
    """`environment`: what the product needs installed."""

    requirements: InsidePath | None = None
    packages: list[Specifier] = []
    project: bool = False

    def noun(self) -> Environment:
        """Return the noun."""
        return Environment(self.requirements or "", tuple(self.packages), self.project)


class LimitsSection(Section):
    """`limits`: bounds of one run. Zero is kept: it forbids."""

    attempts: int = Field(default=_LIMITS.attempts, ge=0, le=5)
    usd_per_issue: float = Field(default=_LIMITS.usd_per_issue, ge=0, le=10_000)
    minutes: float = Field(default=_LIMITS.minutes, ge=0, le=1440)
    diff_lines: int = Field(default=_LIMITS.diff_lines, ge=0, le=1_000_000)
    per_author: int = Field(default=_LIMITS.per_author, ge=0, le=1000)

    def noun(self) -> Limits:
        """Return the noun."""
        return Limits(**self.model_dump())


class GateSection(Section):
    """`gate`: what the hidden scenarios must prove. A lower bound never reaches 1."""

    threshold: float = Field(default=Gate().threshold, gt=0, lt=1)
    min_kill_rate: float = Field(default=Gate().min_kill_rate, gt=0, le=1)
    calibration_days: float = Field(default=Gate().calibration_days, gt=0, le=3660)
    same_family: Literal["allowed", "refused"] = "refused"

    def noun(self) -> Gate:
        """Return the noun."""
        return Gate(
            self.threshold,
            self.min_kill_rate,
            self.calibration_days,
            same_family=self.same_family == "allowed",
        )


class MissionDocument(Section):
    """The whole front matter."""

    checks: list[Command] = Field(min_length=1)
    product: ProductSection = ProductSection()
    environment: EnvironmentSection = EnvironmentSection()
    protected: list[InsidePath] = []
    limits: LimitsSection = LimitsSection()
    gate: GateSection = GateSection()
    trigger: Literal["label", "all"] = "label"
    unattended: Literal["allowed", "as-policy"] = "as-policy"
    autonomy: int = Field(default=Mission(()).autonomy, ge=3, le=5)

    def noun(self, prose: str) -> Mission:
        """Return the noun, with the prose that stands below the front matter."""
        return Mission(
            checks=tuple(self.checks),
            product=self.product.noun(),
            environment=self.environment.noun(),
            protected=tuple(self.protected),
            limits=self.limits.noun(),
            gate=self.gate.noun(),
            takes_all=self.trigger == "all",
            unattended=self.unattended == "allowed",
            autonomy=self.autonomy,
            prose=prose,
        )


SECTIONS: dict[str, type[Section]] = {
    "product": ProductSection,
    "environment": EnvironmentSection,
    "limits": LimitsSection,
    "gate": GateSection,
}
"""The keys that hold keys of their own."""
