"""Tars as a box sends them, honest and otherwise."""

import io
import tarfile


def tar_of(files: dict[str, bytes | str]) -> bytes:
    """Pack files (bytes) and links (text) in a tar."""
    return tar_with(*(entry(name, content) for name, content in files.items()))


def entry(name: str, content: bytes | str = b"") -> tuple[tarfile.TarInfo, bytes]:
    """Make one file, a program if its name says so, or one link when the content is text."""
    member = tarfile.TarInfo(name)
    if isinstance(content, str):
        member.type, member.linkname = tarfile.SYMTYPE, content
        return member, b""
    member.size, member.mode = len(content), 0o755 if name.endswith(".sh") else 0o644
    return member, content


def odd(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    """Make an entry of another kind."""
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member, b""


def tar_with(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Write the entries in order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member, content in entries:
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def contents_of(tree: bytes) -> dict[str, tuple[str, int, str | bytes]]:
    """Return type, mode and content or target of every entry of a tar."""
    found: dict[str, tuple[str, int, str | bytes]] = {}
    with tarfile.open(fileobj=io.BytesIO(tree)) as tar:
        for member in tar:
            if member.issym():
                found[member.name] = ("link", 0, member.linkname)
            elif member.isdir():
                found[member.name] = ("folder", member.mode, b"")
            else:
                file = tar.extractfile(member)
                kind = "file" if member.isreg() else "other"
                found[member.name] = (kind, member.mode, file.read() if file else b"")
    return found
