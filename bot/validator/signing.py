"""Signs verdicts. The signature covers the canonical JSON of the verdict, encoded as UTF-8."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bot import wire
from bot.domain.verdict import SignedVerdict, Verdict
from bot.errors import EnvironmentProblem


class Signer:
    """Holds the Ed25519 key of one validator."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public_key(self) -> str:
        """The public half as hex, for the server's settings."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, verdict: Verdict) -> SignedVerdict:
        """Return the verdict as it travels."""
        payload = wire.canonical(wire.dump(verdict))
        return SignedVerdict(payload, self._key.sign(payload.encode()).hex())


def open_signer(path: Path) -> Signer:
    """Read the key file, or make it at first start; it is for its owner alone (0600)."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = _create(path)
    if path.stat().st_mode & 0o077:
        raise EnvironmentProblem(
            f"the signing key {path.name} can be read by others",
            remedy=f"chmod 600 {path}; if others may have read it, delete it and start again",
        )
    try:
        key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise EnvironmentProblem(
            f"{path.name} is no Ed25519 private key",
            remedy=f"delete {path} to have a new one made, then give the server the new public key",
        )
    return Signer(key)


def _create(path: Path) -> bytes:
    """Write a new key so that a crash leaves either no file or a whole one."""
    content = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return path.read_bytes()
    finally:
        draft.unlink()
    return content
