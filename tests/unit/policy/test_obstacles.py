"""A PASS merges only where box, judge and gate are strong enough, and people are told why not."""

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.mission import Gate
from bot.domain.verdict import Verdict
from bot.policy.obstacles import Demands, explained, family, obstacle
from tests.unit.policy.test_authorise import make_verdict

STRICT = Demands(coder="claude-opus-5-5", built_in="A")
ALLOWED = replace(STRICT, gate=Gate(same_family=True))


def test_a_strong_verdict_has_nothing_in_its_way() -> None:
    """Tier A on both sides, a fresh calibration that noticed enough, and no judge."""
    assert obstacle(make_verdict(), STRICT) == ""


@pytest.mark.parametrize(
    ("verdict", "demands", "slug", "words"),
    [
        ({"box_tier": "B", "box_missing": ("cgroup",)}, STRICT, "box-tier", "missing: cgroup"),
        ({}, replace(STRICT, built_in="B"), "box-tier", "doctor"),
        ({}, replace(STRICT, built_in=""), "box-tier", "doctor"),
        ({"judge": "anthropic/claude-haiku-5"}, STRICT, "advisory", "ADVISORY"),
        ({"calibrated_at": ""}, STRICT, "not-calibrated", "nightshift gate calibrate"),
        ({"calibrated_at": "2025-12-01T00:00:00+00:00"}, STRICT, "calibration-old", "2025-12-01"),
        ({"calibrated_at": "2026-02-01T00:00:00+00:00"}, STRICT, "calibration-old", "again"),
        ({"kill_rate": 0.89, "blind": ("a.py",)}, STRICT, "gate-weak", "missing for a.py"),
        (
            {"kill_rate": 0.89},
            replace(STRICT, accept_uncalibrated=True),
            "gate-weak",
            "89 % of seeded faults, 90 % are asked for",
        ),
    ],
)
def test_what_is_weak_is_named_with_its_next_step(
    verdict: dict[str, Any], demands: Demands, slug: str, words: str
) -> None:
    """Every weakness has a slug for programs and a sentence for people."""
    weak = make_verdict(**verdict)

    assert slug == obstacle(weak, demands)
    assert words in explained(slug, weak, demands)


@pytest.mark.parametrize(
    ("verdict", "demands"),
    [
        (make_verdict(judge="gpt-6"), STRICT),
        (make_verdict(judge="claude-haiku-5"), ALLOWED),
        (make_verdict(calibrated_at=""), replace(STRICT, accept_uncalibrated=True)),
        (make_verdict(box_tier="B"), replace(STRICT, accept_tier_b=True)),
        (make_verdict(kill_rate=0.7), replace(STRICT, gate=Gate(min_kill_rate=0.6))),
    ],
)
def test_what_is_allowed_in_so_many_words_is_allowed(verdict: Verdict, demands: Demands) -> None:
    """The mission speaks for its repository, the settings for the machine."""
    assert obstacle(verdict, demands) == ""


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("claude-opus-5-5", "claude"),
        ("anthropic/Claude-haiku-5", "claude"),
        ("nightshift-search-1", "nightshift"),
        ("gpt-6.1", "gpt"),
        ("", ""),
    ],
)
def test_a_model_id_tells_its_family(model: str, name: str) -> None:
    """By its first word, whoever serves it."""
    assert name == family(model)
