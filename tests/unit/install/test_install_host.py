"""Addresses: the public GitHub, an Enterprise Server, and what would leak secrets."""

import pytest

from bot.errors import UsageError
from bot.install.host import Host, webhook_url
from bot.install.setup import checked_org

GITHUB = Host.of("https://github.com")


@pytest.mark.parametrize(
    ("given", "web", "api"),
    [
        ("https://github.com", "https://github.com", "https://api.github.com"),
        ("https://api.github.com/", "https://github.com", "https://api.github.com"),
        ("https://ghe.example", "https://ghe.example", "https://ghe.example/api/v3"),
        ("https://ghe.example/api/v3/", "https://ghe.example", "https://ghe.example/api/v3"),
        ("https://acme.ghe.com", "https://acme.ghe.com", "https://api.acme.ghe.com"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com", "https://api.acme.ghe.com"),
        ("http://127.0.0.1:81", "http://127.0.0.1:81", "http://127.0.0.1:81/api/v3"),
    ],
)
def test_a_host_has_two_addresses(given: str, web: str, api: str) -> None:
    """Whichever of the two a person gives, both are known."""
    assert Host(web, api) == Host.of(given)


@pytest.mark.parametrize(
    "given",
    [
        "http://ghe.example",
        "ghe.example",
        "",
        "https://",
        "https://me@ghe.example",
        "https://github.com/acme",
        "https://ghe.example?x=1",
        "ftp://ghe.example",
        "https://[",
    ],
)
def test_what_is_no_plain_https_address_is_refused(given: str) -> None:
    """The private key comes back over this address."""
    with pytest.raises(UsageError, match="--host"):
        Host.of(given)


def test_a_bare_webhook_host_means_our_path() -> None:
    """One that names a path is taken as it is, for proxies that map it."""
    assert "" == webhook_url("", GITHUB)
    assert "https://b.example/github/webhooks" == webhook_url("https://b.example/", GITHUB)
    assert "https://b.example/night" == webhook_url("https://b.example/night", GITHUB)
    with pytest.raises(UsageError, match="--webhook"):
        webhook_url("http://b.example", GITHUB)


def test_github_cannot_send_to_this_machine_alone() -> None:
    """A GitHub that runs here can."""
    with pytest.raises(UsageError, match="this machine alone"):
        webhook_url("http://127.0.0.1:8080", GITHUB)
    here = webhook_url("http://127.0.0.1:8080", Host.of("http://127.0.0.1:1"))
    assert "http://127.0.0.1:8080/github/webhooks" == here


def test_an_organisation_is_a_login() -> None:
    """Nothing else may end up in an address."""
    assert ["acme-2", ""] == [checked_org("acme-2"), checked_org("")]
    for bad in ("a/b", "../x", "a b", "é", "a" * 40):
        with pytest.raises(UsageError, match="--org"):
            checked_org(bad)
