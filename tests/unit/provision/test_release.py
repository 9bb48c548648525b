"""The official release counts only with its published digest."""

import hashlib
import http.server
import io
import json
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import EnvironmentProblem
from bot.provision import release

NAME = "jj-v0.46.0-x86_64-unknown-linux-musl.tar.gz"


def archive(name: str = "./jj", content: bytes = b"#!/bin/sh\n") -> bytes:
    """Pack a release."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for path, data in ((name, content), ("./README.md", b"x")):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


class Site:
    """A web server that answers with what `pages` holds."""

    def __init__(self) -> None:
        pages = self.pages = dict[str, bytes]()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = pages.get(self.path)
                self.send_response(404 if body is None else 200)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *args: object) -> None:
                """Stay silent."""

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def publish(self, data: bytes, digest: str | None, name: str = NAME) -> str:
        """Offer one asset and return the address of the listing."""
        asset = {"name": name, "digest": digest, "browser_download_url": f"{self.url}/asset"}
        self.pages["/latest"] = json.dumps({"assets": [{"name": "x"}, asset]}).encode()
        self.pages["/asset"] = data
        return f"{self.url}/latest"


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve pages on loopback."""
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, args=(0.05,))
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
    thread.join()


def sha256(data: bytes) -> str:
    """Write a digest as GitHub does."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def test_the_asset_of_this_machine_is_unpacked(site: Site, tmp_path: Path) -> None:
    """The right file, executable, from the right address."""
    data = archive()
    origin = release.fetch(tmp_path, site.publish(data, sha256(data)), "x86_64")
    assert origin == f"{site.url}/asset"
    assert (tmp_path / "jj").read_bytes() == b"#!/bin/sh\n"
    assert (tmp_path / "jj").stat().st_mode & 0o777 == 0o755
    assert [path.name for path in tmp_path.iterdir()] == ["jj"]


def test_a_wrong_or_absent_digest_is_no_release(site: Site, tmp_path: Path) -> None:
    """Nothing is unpacked that GitHub did not vouch for."""
    data = archive()
    for digest in (sha256(data + b"x"), None, "", "md5:1", "sha256:"):
        with pytest.raises(EnvironmentProblem):
            release.fetch(tmp_path, site.publish(data, digest), "x86_64")
    assert list(tmp_path.iterdir()) == []


def test_a_release_that_is_something_else(site: Site, tmp_path: Path) -> None:
    """Another machine, a broken archive, no jj inside, no JSON, no page: one sentence each."""
    data = archive()
    with pytest.raises(EnvironmentProblem, match="riscv64"):
        release.fetch(tmp_path, site.publish(data, sha256(data)), "riscv64")
    for bad in (b"garbage", archive("./other"), data[:40]):
        with pytest.raises(EnvironmentProblem, match="archive"):
            release.fetch(tmp_path, site.publish(bad, sha256(bad)), "x86_64")
    for page in (b"<html>", b"[]", b"{}", b'{"assets": [1]}', b'{"assets": null}'):
        site.pages["/latest"] = page
        with pytest.raises(EnvironmentProblem):
            release.fetch(tmp_path, f"{site.url}/latest", "x86_64")
    with pytest.raises(EnvironmentProblem, match="404"):
        release.fetch(tmp_path, f"{site.url}/absent", "x86_64")


def test_nobody_answers(tmp_path: Path) -> None:
    """A closed port fails at once, and work that hangs is left behind at its deadline."""
    with pytest.raises(EnvironmentProblem):
        release.fetch(tmp_path, "http://127.0.0.1:9/latest", "x86_64")
    forever = threading.Event()
    started = time.monotonic()
    with pytest.raises(EnvironmentProblem, match="no answer"):
        release.within(0.05, forever.wait)
    assert time.monotonic() - started < 2
    forever.set()
