"""The machine's own apt sources, read to find its Debian mirror."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where this machine gets Debian packages, and the keyring it trusts for them."""

    uri: str
    signed_by: str


def debian_mirror(etc: Path = Path("/etc/apt")) -> Mirror | None:
    """Return the first configured mirror of the main Debian archive."""
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    for path in files:
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".sources":
            found = _deb822(text)
        elif path.suffix == ".list":
            found = _one_line(text)
        else:
            continue
        for mirror in found:
            if _is_main_archive(mirror.uri):
                return mirror
    return None


def _is_main_archive(uri: str) -> bool:
    """Tell the main archive from security, ports, snapshots and other vendors."""
    return uri.split("://", 1)[-1].rstrip("/").endswith("/debian")


def _keyring(named: str) -> str:
    if named.startswith("/"):
        return named
    return str(KEYRING) if KEYRING.is_file() else ""


def _deb822(text: str) -> Iterator[Mirror]:
    for stanza in text.split("\n\n"):
        fields: dict[str, str] = {}
        for line in stanza.splitlines():
            if line.startswith(("#", " ", "\t")) or ":" not in line:
                continue
            key, value = line.split(":", 1)
            fields[key.strip().lower()] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled") == "no":
            continue
        for uri in fields.get("uris", "").split():
            yield Mirror(uri, _keyring(fields.get("signed-by", "")))


def _one_line(text: str) -> Iterator[Mirror]:
    for line in text.splitlines():
        words = line.split("#", 1)[0].strip()
        if not words.startswith("deb "):
            continue
        rest, signed_by = words[4:].strip(), ""
        if rest.startswith("["):
            options, _, rest = rest[1:].partition("]")
            pairs = dict(option.partition("=")[::2] for option in options.split())
            signed_by = pairs.get("signed-by", "")
        if rest.split():
            yield Mirror(rest.split()[0], _keyring(signed_by))
