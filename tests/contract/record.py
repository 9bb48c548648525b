"""`make tapes`: writes the tapes anew, from the real services where the environment opens them.

    NIGHTSHIFT_TAPES_APP_ID, _APP_KEY (PEM), _REPO, optional _GITHUB_URL    an App on a throw-away
                                                                           repository; only read
    NIGHTSHIFT_TAPES_MODEL_KEY, optional _MODEL_URL                        one word of a model

Without them the twins stand in, and tapes/sources.json says so.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.contract.walk import (
    TAPES,
    GitHub,
    Messages,
    github,
    messages,
    real_github,
    real_messages,
    tape,
)
from tests.integration.small_world import REPO, small_world
from twins.worlds.history import build_repository
from twins.worlds.loader import seed_payload

SCRIPT = {"rules": [{"when": {}, "reply": [{"text": "tape"}]}]}


@contextmanager
def twin(*command: str) -> Iterator[str]:
    """Start a twin as a process; give its address."""
    words = [sys.executable, "-m", *command, "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield str(json.loads(process.stdout.readline())["url"])
        finally:
            process.terminate()


@contextmanager
def twin_github(folder: Path) -> Iterator[GitHub]:
    """Give a GitHub with the small world on it, and two issues."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    world = small_world()
    seed = seed_payload(world, build_repository(world, folder / "origin"), "", "hush")
    seed["apps"][0]["private_key_pem"] = pem
    with twin("twins.github", "--state", str(folder / "github")) as url:
        planted = requests.post(f"{url}/_twin/seed", json=seed, timeout=30).json()
        owner = {"Authorization": f"token {world.maintainer.token}"}
        for title in ("One", "Two"):
            body = {"title": title, "body": "Wrong.", "labels": ["nightshift"]}
            requests.post(f"{url}/repos/{REPO}/issues", json=body, headers=owner, timeout=30)
        yield GitHub(url, str(planted["apps"][0]["id"]), pem, REPO)


def main() -> int:
    """Write both tapes and what our clients made of them."""
    TAPES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        script = folder / "script.json"
        script.write_text(json.dumps(SCRIPT))
        forge, model = real_github(), real_messages()
        sources = {
            "github": forge.url if forge else "the twin",
            "messages": model.url if model else "the twin",
        }
        if forge is None:
            forge = stack.enter_context(twin_github(folder))
        if model is None:
            url = stack.enter_context(twin("twins.anthropic", "--brain", f"script:{script}"))
            model = Messages(url, "none", "nightshift-script-1")
        told = {}
        for service in sources:
            (TAPES / f"{service}.yaml").unlink(missing_ok=True)
        with tape("github", record=True):
            told["github"] = asyncio.run(github(forge))
        with tape("messages", record=True):
            told["messages"] = asyncio.run(messages(model))
    played = {
        "github": {**asdict(forge), "key": ""},
        "messages": {**asdict(model), "key": ""},
    }
    for name, value in (("sources", sources), ("told", told), ("played", played)):
        (TAPES / f"{name}.json").write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")
    sys.stdout.write("".join(f"{name}: recorded from {of}\n" for name, of in sources.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
