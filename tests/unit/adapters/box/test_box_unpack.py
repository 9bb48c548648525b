"""What comes out of an installation box is data."""

import io
import tarfile
from pathlib import Path

import pytest

from bot.adapters.box import environment
from bot.errors import UsageError
from tests.tars import tar_of


@pytest.mark.parametrize("name", ["../out", "/abs", "a/../../out"])
def test_no_name_leads_out_of_the_layer(tmp_path: Path, name: str) -> None:
    """A tar from a box is data: a path that climbs is refused."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(UsageError, match="wrong kind"):
        environment.unpack(out.getvalue(), tmp_path)


def test_links_are_not_taken_over(tmp_path: Path) -> None:
    """A symlink in the tree of packages is left out, so nothing can be written through it."""
    environment.unpack(tar_of({"link": "/etc", "kept": b"1"}), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    with pytest.raises(FileExistsError):
        environment.unpack(tar_of({"kept": b"2"}), tmp_path)
