"""Why a PASS may still not merge by itself: the box, the judge or the gate is not strong enough.

All facts stand in the signed verdict, so that this decides without a clock and without settings.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.domain.mission import Gate
from bot.domain.verdict import Verdict

BOX, ADVISORY = "box-tier", "advisory"
UNMEASURED, STALE, WEAK = "not-calibrated", "calibration-old", "gate-weak"


@dataclass(frozen=True, slots=True)
class Demands:
    """What a landing asks for beside a PASS: the mission's own words, and the machine's."""

    gate: Gate = field(default_factory=Gate)
    coder: str = ""
    """The model that made the change."""
    built_in: str = ""
    """The tier of the box it was made in."""
    accept_tier_b: bool = False
    accept_uncalibrated: bool = False


def obstacle(verdict: Verdict, demands: Demands) -> str:
    """Return the slug of what stands in the way of a merge, or nothing."""
    tiers = {verdict.box_tier, demands.built_in}
    if tiers != {"A"} and not (demands.accept_tier_b and tiers <= {"A", "B"}):
        return BOX
    if (
        verdict.judge
        and family(verdict.judge) == family(demands.coder)
        and not demands.gate.same_family
    ):
        return ADVISORY
    return _uncalibrated(verdict, demands)


def _uncalibrated(verdict: Verdict, demands: Demands) -> str:
    if not verdict.calibrated_at:
        return "" if demands.accept_uncalibrated else UNMEASURED
    if verdict.kill_rate < demands.gate.min_kill_rate:
        return WEAK
    age = _moment(verdict.issued_at) - _moment(verdict.calibrated_at)
    fresh = timedelta(0) <= age <= timedelta(days=demands.gate.calibration_days)
    return "" if fresh or demands.accept_uncalibrated else STALE


def explained(slug: str, verdict: Verdict, demands: Demands) -> str:
    """Say an obstacle in a sentence with its next step."""
    match slug:
        case "box-tier":
            missing = f" (missing: {', '.join(verdict.box_missing)})" if verdict.box_missing else ""
            return (
                f"the box is too weak to merge on{missing}: not merged; `nightshift doctor` names "
                "the command that mends it"
            )
        case "advisory":
            return (
                f"the judge {verdict.judge} is of the coder's own model family, so its verdict is "
                "ADVISORY: not merged; configure another judge, or set `gate.same_family: allowed`"
            )
        case "not-calibrated":
            return (
                "nobody has measured what the hidden scenarios notice: not merged; "
                "`nightshift gate calibrate` measures it"
            )
        case "calibration-old":
            return (
                f"what the hidden scenarios notice was measured on {verdict.calibrated_at[:10]}, "
                f"more than {demands.gate.calibration_days:g} days ago: not merged; "
                "`nightshift gate calibrate` measures it again"
            )
        case "gate-weak":
            where = (
                f"; scenarios are missing for {', '.join(verdict.blind)}" if verdict.blind else ""
            )
            return (
                f"the hidden scenarios notice {100 * verdict.kill_rate:.0f} % of seeded faults, "
                f"{100 * demands.gate.min_kill_rate:.0f} % are asked for: not merged{where}"
            )
        case _:
            return ""


def family(model: str) -> str:
    """Return the family of a model id: `claude` of `anthropic/claude-opus-5-5`."""
    found = re.search(r"[a-z]+", model.rpartition("/")[2].lower())
    return found[0] if found else ""


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
