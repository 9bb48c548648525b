"""Text that must not be published: keys, tokens, and characters a reader cannot see."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

_KNOWN = {
    "a private key": r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----",
    "an AWS access key": r"\b(AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})",
    "a GitLab token": r"\bglpat-[\w-]{20,}",
    "a model provider's key": r"\bsk-[A-Za-z0-9_-]{20,}",
    "a Slack token": r"\bxox[abeprs]-[\w-]{10,}",
    "a Google key": r"\bAIza[\w-]{35}",
    "a Stripe key": r"\b[rs]k_live_[A-Za-z0-9]{16,}",
    "a package registry token": r"\b(npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{20,})",
    "a JSON web token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "a password in an address": r"://[^/\s:@'\"{}$<]+:[^/\s:@'\"{}$<]{3,}@[\w.-]+\.[a-z]{2,}",
}
_PATTERNS = [(name, re.compile(pattern)) for name, pattern in _KNOWN.items()]
_QUOTED = re.compile(r"[\"'`=:]\s*([A-Za-z0-9+/_-]{32,200}={0,2})(?=[\"'`\s,;]|$)")
_BITS = 4.4
"""Shannon bits per character: hexadecimal digests stay below 4, English words below 4.3."""
_EACH = 3
"""At least so many of each kind of character; more underscores make it a name."""
_HIDDEN = {"\u200b", "\u2060", "\ufeff", "\u180e"}
_BIDI = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")


def secrets_in(line: str) -> Iterator[str]:
    """Name each kind of secret a line seems to hold; the secret itself is never repeated."""
    known = [name for name, pattern in _PATTERNS if pattern.search(line)]
    yield from known
    if not known and any(_random(match[1]) for match in _QUOTED.finditer(line)):
        yield "a long random token"


def hidden_in(line: str) -> str:
    """Return the code point of the first character that misleads a reader, else nothing."""
    for char in line:
        tag = 0xE0000 <= ord(char) <= 0xE007F  # noqa: PLR2004  the Unicode tag block
        control = unicodedata.category(char) == "Cc" and char not in "\t\r\f\x1b"
        if char in _BIDI or char in _HIDDEN or tag or control:
            return f"U+{ord(char):04X}"
    return ""


def _random(token: str) -> bool:
    """Whether a token has the mix and the entropy of a generated secret."""
    kinds = [str.isupper, str.islower, str.isdigit]
    if not all(sum(map(kind, token)) >= _EACH for kind in kinds) or token.count("_") > _EACH:
        return False
    counts = Counter(token)
    bits = -sum(n / len(token) * math.log2(n / len(token)) for n in counts.values())
    return bits > _BITS
