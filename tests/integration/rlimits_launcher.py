"""The real launcher on a machine that lends no control groups: rlimits bound a box instead.

python rlimits_launcher.py --fd N --config JSON
"""

import sys

from bot.adapters.box.launcher import main
from bot.adapters.box.machine import Machine
from bot.adapters.box.rooms import Rooms


class PoorMachine(Machine):
    """The real machine, without control groups."""

    def make_rooms(self) -> Rooms:
        """Forget the groups before the first slot is made."""
        self._hierarchy = None
        return super().make_rooms()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], PoorMachine))
