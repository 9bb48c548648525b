"""An untrusted tar becomes a folder, or nothing happens at all."""

import os
import tarfile
from pathlib import Path

import pytest

from bot.adapters.substrate import unpack
from bot.adapters.substrate.tree import Refused, inspect, is_reserved
from bot.errors import Rejected
from tests.tars import entry, odd, tar_of, tar_with


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Return a workspace with a jj folder, a file and a way out."""
    room = tmp_path / "room"
    (room / ".jj").mkdir(parents=True)
    (room / ".jj" / "repo").write_text("ours")
    (room / "old.py").write_text("old")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("precious")
    return room


def listing(room: Path) -> dict[str, str]:
    """Read everything but `.jj`, links as their targets."""
    found = {}
    for folder, names, files in os.walk(room):
        for name in (*names, *files):
            path = Path(folder) / name
            if ".jj" in path.parts:
                continue
            if path.is_symlink():
                found[str(path.relative_to(room))] = f"-> {path.readlink()}"
            elif path.is_file():
                found[str(path.relative_to(room))] = path.read_text()
    return found


def test_the_folder_becomes_the_tar(room: Path) -> None:
    """New, changed and absent files are as the tar says; `.jj` is never touched."""
    unpack.make_equal(room, tar_of({"./a/b.py": b"1", "link": "a", "-x": b"2"}))
    assert listing(room) == {"a/b.py": "1", "link": "-> a", "-x": "2"}
    assert (room / ".jj" / "repo").read_text() == "ours"
    unpack.make_equal(room, tar_of({"a": b"now a file", "link/c": b"now a folder"}))
    assert listing(room) == {"a": "now a file", "link/c": "now a folder"}
    unpack.make_equal(room, tar_with())
    assert listing(room) == {}


def test_modes_are_two(room: Path) -> None:
    """A file is executable or not; set-uid and odd bits are dropped."""
    tool, plain = entry("tool", b"x"), entry("plain", b"x")
    tool[0].mode, plain[0].mode = 0o4777, 0o666
    unpack.make_equal(room, tar_with(tool, plain))
    assert (room / "tool").stat().st_mode & 0o7777 == 0o755
    assert (room / "plain").stat().st_mode & 0o7777 == 0o644
    tool[0].mode = 0o644
    unpack.make_equal(room, tar_with(tool, plain))
    assert (room / "tool").stat().st_mode & 0o7777 == 0o644


def test_what_lies_there_is_left_alone(room: Path) -> None:
    """An equal file keeps its time stamp, so that jj need not read it again."""
    tar = tar_of({"a": b"same", "l": "a"})
    unpack.make_equal(room, tar)
    before = (room / "a").stat().st_mtime_ns
    unpack.make_equal(room, tar)
    assert (room / "a").stat().st_mtime_ns == before


def test_links_of_an_earlier_tar_are_never_followed(room: Path, tmp_path: Path) -> None:
    """A link that stands where a folder or file comes next is replaced, not written through."""
    outside = tmp_path / "outside"
    unpack.make_equal(room, tar_of({"dir": str(outside), "file": str(outside / "file")}))
    unpack.make_equal(room, tar_of({"dir/file": b"new", "file": b"new"}))
    assert listing(room) == {"dir/file": "new", "file": "new"}
    unpack.make_equal(room, tar_of({"dir": str(outside)}))
    unpack.make_equal(room, tar_with())
    assert (outside / "file").read_text() == "precious"


def sparse() -> tuple[tarfile.TarInfo, bytes]:
    """Make a small entry that claims to be a file with a hole."""
    member, content = entry("hole", b"1\n0\n1\n")
    member.pax_headers = {
        "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "hole",
        "GNU.sparse.realsize": "1000000",
    }  # fmt: skip
    member.size = 512
    return member, content.ljust(512, b"\0")


BAD = {
    "absolute": [entry("/etc/x", b"")],
    "parent": [entry("a/../../x", b"")],
    "git": [entry("a/.git/config", b"")],
    "git by another case": [entry(".GiT/config", b"")],
    "short name of git": [entry("GIT~1/config", b"")],
    "git as a file": [entry("sub/.git", b"gitdir: /")],
    "git as a link": [entry(".git", "/srv")],
    "git with a stream": [entry(".git::$INDEX_ALLOCATION/x", b"")],
    "git with a dot": [entry(".git./x", b"")],
    "git with an invisible sign": [entry(".g\u200cit/x", b"")],
    "jj": [entry(".jj/workspace-config.toml", b"")],
    "nested jj": [entry("a/.JJ/x", b"")],
    "an empty git folder": [odd(".git", tarfile.DIRTYPE)],
    "hard link": [entry("a", b"1"), odd("b", tarfile.LNKTYPE, "a")],
    "device": [odd("a", tarfile.CHRTYPE)],
    "block device": [odd("a", tarfile.BLKTYPE)],
    "pipe": [odd("a", tarfile.FIFOTYPE)],
    "sparse": [sparse()],
    "twice": [entry("a", b"1"), entry("./a", b"2")],
    "below a link": [entry("a", "/srv"), entry("a/x", b"")],
    "below a file": [entry("a/b", b""), entry("a", b"")],
    "no name": [entry("./", b"x")],
    "long part": [entry("x" * 256, b"")],
    "long path": [entry("x/" * 600 + "y", b"")],
    "not UTF-8": [entry("caf\udce9", b"")],
    "target not UTF-8": [entry("a", "caf\udce9")],
    "modules as a link": [entry(".gitmodules", "x")],
}


@pytest.mark.parametrize("name", BAD)
def test_a_hostile_tar_changes_nothing(room: Path, tmp_path: Path, name: str) -> None:
    """Refused names the path, and neither the workspace nor anything outside is touched."""
    tar = tar_with(entry("good.py", b"good"), *BAD[name])
    with pytest.raises(Refused) as refused:
        unpack.make_equal(room, tar)
    assert refused.value.path.strip("./") in {e[0].name.strip("./") for e in BAD[name]}
    assert listing(room) == {"old.py": "old"}
    assert [path.name for path in tmp_path.iterdir() if path.name not in {"room", "outside"}] == []


def test_a_damaged_tar_deletes_nothing(room: Path) -> None:
    """Cut anywhere, with a broken header, or no tar at all: Rejected, and nothing is lost."""
    whole = tar_of({"a": b"1" * 600, "b": b"2" * 600})
    used = len(whole.rstrip(b"\0"))
    broken = bytearray(whole)
    broken[1536 + 148] ^= 0x7F  # the second header's checksum
    bad = [whole[:cut] for cut in range(0, used + 300, 100)]
    for tar in (*bad, bytes(broken), b"", b"garbage", b"x" * 10240):
        with pytest.raises(Rejected):
            unpack.make_equal(room, tar)
        assert listing(room) == {"old.py": "old"}


def test_size_and_count_are_bounded() -> None:
    """A tar bomb is refused while it is read."""
    four = tar_of({str(number): b"x" for number in range(4)})
    assert len(unpack.read_tar(four, entries=4, size=4)) == 4
    with pytest.raises(Refused, match="entries"):
        unpack.read_tar(four, entries=3)
    with pytest.raises(Refused, match="bytes"):
        unpack.read_tar(four, size=3)


def test_a_workspace_is_looked_through_before_jj_sees_it(room: Path) -> None:
    """Pipes and version control folders stop a snapshot, at any depth."""
    inspect(room)
    (room / "deep" / "er").mkdir(parents=True)
    os.mkfifo(room / "deep" / "er" / "pipe")
    with pytest.raises(Refused, match="pipe"):
        inspect(room)
    (room / "deep" / "er" / "pipe").unlink()
    (room / "deep" / ".jj").mkdir()
    with pytest.raises(Refused, match="version control"):
        inspect(room)


def test_honest_neighbours_of_reserved_names_are_free() -> None:
    """`.gitignore`, `.github` and the like are ordinary."""
    for name in (".gitignore", ".github", ".gitmodules", "git", "jj", ".jjx", "git~10", "a.git"):
        assert not is_reserved(name)
