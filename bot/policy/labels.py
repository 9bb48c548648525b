"""Every label Nightshift reads or sets: people steer with some, the others mirror the state."""

from bot.domain.label import Label
from bot.domain.run import RunState
from bot.policy.control import PAUSE, PAUSE_ALL, STOP, TRIGGER
from bot.policy.story import WORKING, state_label

_URGENCY = (
    Label("priority:P0", "b60205", "Nightshift: before everything else"),
    Label("priority:P1", "d93f0b", "Nightshift: early"),
    Label("priority:P2", "fbca04", "Nightshift: as usual, like no label"),
    Label("priority:P3", "c5def5", "Nightshift: when nothing else waits"),
)

STEERING = (
    Label(TRIGGER, "5319e7", "Nightshift may take this issue"),
    Label(PAUSE, "fef2c0", "Nightshift: waits until this is taken off"),
    Label(PAUSE_ALL, "fef2c0", "Nightshift: everything waits, in every repository"),
    Label(STOP, "b60205", "Nightshift: ends its work here"),
    *_URGENCY,
)
"""Set by people."""

LABELS = (*STEERING, WORKING, *(state_label(state) for state in RunState if state.ended))
"""All of them, as `nightshift init` creates them."""
