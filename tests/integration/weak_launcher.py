"""A launcher that builds the box wrongly, in one named way: the self-test has to notice.

python weak_launcher.py KIND --fd N --config JSON
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import replace

from bot.adapters.box import argv, rooms
from bot.adapters.box.launcher import Launcher, Slot, main

KIND = sys.argv[1]


class WeakLauncher(Launcher):
    """The real launcher, less one wall."""

    def environ(self) -> Mapping[str, str]:
        """Let bubblewrap inherit the launcher's variables."""
        return dict(os.environ) if KIND == "environ" else {}

    def command(self, plan: argv.Plan, fds: argv.Descriptors) -> list[str]:
        """Leave out a step of the launch."""
        if KIND == "root":  # no setpriv at all: bubblewrap itself runs as root
            plan = replace(plan, identity=argv.Identity(1, 1, switch=True))
            words = argv.outer(plan, fds)
            return words[words.index("--") + 1 :]
        words = argv.outer(plan, fds)
        if KIND == "prlimit":
            start = words.index(plan.tools.prlimit)
            return words[:start] + words[words.index("--", start) + 1 :]
        return words

    def options(self, plan: argv.Plan, fds: argv.Descriptors) -> list[str]:
        """Leave out, or add, options of bubblewrap."""
        words = argv.options(plan, fds)
        match KIND:
            case "seccomp":
                return _without(words, "--seccomp", 2)
            case "seccomp-and-userns":
                return _without(_without(words, "--seccomp", 2), "--disable-userns", 1)
            case "network":
                return _without(words, "--unshare-net", 1)
            case "shm":
                return _without_size(words, "/dev/shm")  # noqa: S108
            case "tmp":
                return _without_size(words, "/tmp")  # noqa: S108
            case "writable-root":
                return words[:-2]
            case "writable-dev":
                return _without(words, "--remount-ro", 2)
            case "peers":
                words = _without(words, "--unshare-pid", 1)
                place = words.index("--proc")
                return [*words[:place], "--ro-bind", "/proc", "/proc", *words[place + 2 :]]
            case "host-files":
                return [*words[:-2], "--bind", "/roots/1", self._config.scratch, *words[-2:]]
            case "capabilities":
                words = _without(_without(words, "--seccomp", 2), "--disable-userns", 1)
                place = words.index("--cap-drop")
                return [*words[:place], "--cap-add", "ALL", *words[place + 2 :]]
            case _:
                return words

    def _make_rooms(self) -> rooms.Rooms:
        """Keep a directory of the host at hand, where its files are to leak."""
        if KIND == "host-files":
            roots = (*self._config.roots, self._config.scratch)
            self._config = replace(self._config, roots=roots)
        return super()._make_rooms()

    def _make_slot(self, index: int) -> Slot:
        """Give the work directory to root, where the box is to run as root."""
        slot = super()._make_slot(index)
        if KIND == "root":
            slot.identity = argv.Identity(0, 0, switch=False)
        return slot


def _without(words: list[str], option: str, count: int) -> list[str]:
    place = words.index(option)
    return words[:place] + words[place + count :]


def _without_size(words: list[str], mount: str) -> list[str]:
    place = words.index(mount) - 3  # --size N --tmpfs MOUNT
    return words[:place] + words[place + 2 :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], WeakLauncher))
