"""What this machine offers."""

import os
import subprocess
import sys

import pytest

from bot.adapters.box import host, spawn
from bot.errors import BoxUnavailable


def test_a_missing_program_is_told_with_its_package() -> None:
    """The person reads which command to type."""
    with pytest.raises(BoxUnavailable) as caught:
        host._find("no-such-program")
    assert "apt-get install" in caught.value.remedy


def test_the_interpreter_is_found_and_its_packages_are_hidden() -> None:
    """Boxes get the Python that runs Nightshift, bare."""
    found = host.inspect()
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    assert found.system.python.endswith(f"/bin/{version}")
    assert all(path.endswith("-packages") for path in found.system.hidden)
    assert found.tools.bwrap.endswith("/bwrap")


def test_children_are_found_with_and_without_the_kernels_list() -> None:
    """Both ways of looking for orphans name the same processes."""
    with subprocess.Popen(["sleep", "30"]) as child:
        assert child.pid in spawn._children()
        assert spawn._parent(child.pid) == os.getpid()
        assert child.pid in spawn._all()
        child.kill()
    assert child.pid not in spawn._children()
