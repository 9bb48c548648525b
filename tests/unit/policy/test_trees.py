"""Paths are picked out of a tar without touching a disk."""

import io
import tarfile

from bot.policy.trees import only


def tar_of(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """Make a tar of files and symbolic links."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return out.getvalue()


def names_in(tar: bytes) -> dict[str, bytes | str]:
    """Return content or link target by path."""
    with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as archive:
        found: dict[str, bytes | str] = {}
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            found[member.name] = file.read() if file else member.linkname
        return found


def test_only_what_matches_is_kept() -> None:
    """Content and mode stay, everything else goes."""
    tree = tar_of({"mission.md": b"m", "src/a.py": b"a", ".github/workflows/ci.yml": b"c"})
    kept = only(tree, ["mission.md", ".github/**"])
    assert names_in(kept) == {"mission.md": b"m", ".github/workflows/ci.yml": b"c"}
    with tarfile.open(fileobj=io.BytesIO(kept)) as archive:
        assert {member.mode for member in archive} == {0o755}


def test_a_link_is_kept_as_a_link() -> None:
    """Nothing is followed."""
    assert names_in(only(tar_of({}, {"mission.md": "/etc/passwd"}), ["mission.md"])) == {
        "mission.md": "/etc/passwd"
    }


def test_long_names_survive() -> None:
    """Beyond the hundred characters of the old format, and in any script."""
    long = "tests/" + "ä" * 120 + "/x.py"
    assert names_in(only(tar_of({long: b"1"}), ["tests/**"])) == {long: b"1"}


def test_nothing_matches_nothing() -> None:
    """An empty result is a tar all the same."""
    assert names_in(only(tar_of({"a": b"1"}), [])) == {}
