"""The copy that leaves footprints does what the product does, and says where it went."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path

from bot.domain.mission import Product
from bot.validator.drivers.visit import Stage, pack
from bot.validator.footprints import FILE, copy_of

SOURCE = b'''\
"""A till."""
from __future__ import annotations


class Till:
    """Counts."""

    def add(self, price):
        """Add."""
        def twice(x):
            return 2 * x
        return twice(price)


async def later():
    return 1


def never():
    yield 1


print(Till().add(4), __doc__)
'''


def unpacked(tar: bytes, folder: Path) -> Path:
    """Write the newest version of every file of a tar."""
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None
            (folder / member.name).write_bytes(content.read())
    return folder


def test_the_copy_behaves_alike_and_leaves_its_way(tmp_path: Path) -> None:
    """Functions, methods and modules are noted once each, in the words that faults use."""
    stage = Stage(pack({"till.py": SOURCE, "data.txt": b"x"}), (), Product(cli="python till.py"))
    copy = copy_of(stage, {"till.py": SOURCE})
    folder = unpacked(copy.stage.tree, tmp_path)
    text = (folder / "till.py").read_text().replace("/work", str(folder))
    (folder / "till.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "till.py"], cwd=folder, capture_output=True, text=True, check=True
    )
    went = {copy.places[int(number)] for number in (folder / FILE).read_text().split()}

    assert done.stdout == "8 A till.\n"
    assert {"till.py:<module>", "till.py:Till.add", "till.py:Till.add.twice"} == went
    assert {"till.py:later", "till.py:never"} == set(copy.places) - went


def test_what_is_not_python_stays_as_it_is() -> None:
    """A file that does not parse is copied without footprints."""
    stage = Stage(pack({"broken.py": b"def ("}), (), Product())

    assert copy_of(stage, {"broken.py": b"def ("}).places == ()
