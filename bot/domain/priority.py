"""How urgent an issue is."""

from enum import IntEnum


class Priority(IntEnum):
    """Lower starts first. The numbers leave room for ageing between bands."""

    P0 = 1000
    P1 = 2000
    P2 = 3000
    P3 = 4000
