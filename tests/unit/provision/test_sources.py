"""The machine's Debian mirror is found in every way apt lets people write it."""

from pathlib import Path

from bot.provision.sources import Mirror, debian_mirror


def etc(room: Path, **files: str) -> Path:
    """Lay out an /etc/apt."""
    (room / "sources.list.d").mkdir(parents=True)
    for name, text in files.items():
        place = room if name == "main" else room / "sources.list.d"
        (place / {"main": "sources.list", "new": "x.sources", "old": "y.list", "off": "z.bak"}[
            name
        ]).write_text(text)  # fmt: skip
    return room


def test_a_deb822_source(tmp_path: Path) -> None:
    """The first enabled stanza of the main archive wins; security and other vendors do not."""
    text = """\
# a comment
Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security

Enabled: no
Types: deb
URIs: http://off.example/debian

Types: deb-src
URIs: http://source.example/debian

Types: deb deb-src
URIs: http://vendor.example/repo http://mirror.example/debian/
Suites: bookworm bookworm-updates
Signed-By: /keys/debian.gpg
"""
    found = debian_mirror(etc(tmp_path / "apt", new=text))
    assert found == Mirror("http://mirror.example/debian/", "/keys/debian.gpg")


def test_a_one_line_source(tmp_path: Path) -> None:
    """Options in brackets are understood, comments and source lines are passed over."""
    text = """\
# deb http://no.example/debian bookworm main
deb-src http://no.example/debian bookworm main
deb http://vendor.example/apt stable main
deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/debian bookworm main  # here
"""
    found = debian_mirror(etc(tmp_path / "apt", main=text))
    assert found == Mirror("https://mirror.example/debian", "/k.gpg")


def test_no_debian_here(tmp_path: Path) -> None:
    """Another distribution, a switched-off file or an empty folder is None, not a guess."""
    text = "deb http://archive.example/ubuntu jammy main\n"
    here = etc(tmp_path / "a", old=text, off="deb http://x.example/debian sid main\n")
    assert debian_mirror(here) is None
    assert debian_mirror(tmp_path / "absent") is None
    assert debian_mirror(etc(tmp_path / "b", old="deb\ndeb [x\n", new="URIs\n: :\n")) is None
