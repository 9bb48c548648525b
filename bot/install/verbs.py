"""The command line of `setup` and `init`; nothing heavy is imported before one is chosen."""

import argparse
from pathlib import Path

from bot.owner.verbs import MakeConsole
from bot.signals import run_to_the_end

CONFIG = Path("/etc/nightshift")
STATE = Path("/var/lib/nightshift")


def config(parser: argparse.ArgumentParser) -> None:
    """Add `--config`."""
    parser.add_argument(
        "--config",
        type=Path,
        default=CONFIG,
        metavar="DIR",
        help=f"folder of the three .env files (default: {CONFIG})",
    )


def state(parser: argparse.ArgumentParser) -> None:
    """Add `--state`."""
    parser.add_argument(
        "--state",
        type=Path,
        default=STATE,
        metavar="DIR",
        help=f"where everything is kept (default: {STATE})",
    )


def setup(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    """Describe `nightshift setup`."""
    parser.description = (
        "Makes a private GitHub App with the permissions and events that Nightshift needs, and "
        "writes server.env, builder.env and validator.env (0600). It shows a page on loopback; "
        "three clicks: to GitHub, create, install."
    )
    parser.add_argument(
        "--host",
        default="https://github.com",
        metavar="URL",
        help="the GitHub that people open; an Enterprise Server's address (default: github.com)",
    )
    parser.add_argument("--org", default="", metavar="ORG", help="who owns the App (default: you)")
    parser.add_argument(
        "--webhook",
        default="",
        metavar="URL",
        help="where GitHub reaches this machine; without it GitHub is read every 15 minutes",
    )
    parser.add_argument(
        "--name", default="", metavar="NAME", help="of the App (default: nightshift-ORG)"
    )
    config(parser)
    state(parser)
    parser.add_argument(
        "--force", action="store_true", help="replace files that are there, keep them as *.old"
    )
    parser.add_argument(
        "--administration",
        action="store_true",
        help="also ask for administration: read, so that doctor sees classic branch protection",
    )
    parser.add_argument(
        "--minutes", type=float, default=30, metavar="N", help="how long to wait (default: 30)"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")

    def run(arguments: argparse.Namespace) -> int:
        from bot import settings  # noqa: PLC0415  starts fast without it
        from bot.install.host import Host, webhook_url  # noqa: PLC0415
        from bot.install.setup import SetupOptions, checked_org  # noqa: PLC0415
        from bot.install.setup import setup as make_app  # noqa: PLC0415

        host = Host.of(arguments.host)
        options = SetupOptions(
            host=host,
            org=checked_org(arguments.org),
            name=arguments.name,
            webhook=webhook_url(arguments.webhook, host),
            config=arguments.config.absolute(),
            state=arguments.state.absolute(),
            force=arguments.force,
            minutes=arguments.minutes,
            browser=not arguments.no_browser and settings.has_screen(),
            administration=arguments.administration,
        )
        return run_to_the_end(make_app(options, console()))

    parser.set_defaults(run=run)


def init(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    """Describe `nightshift init`."""
    parser.description = (
        "Opens one pull request with a draft of mission.md and issue forms, and creates the "
        "labels. What is there is never changed; a second run adds what is missing."
    )
    parser.add_argument("repo", metavar="OWNER/REPO", help="where the App is installed")
    config(parser)

    def run(arguments: argparse.Namespace) -> int:
        from bot.install.init import init as prepare  # noqa: PLC0415  starts fast without it

        return prepare(arguments.config.absolute(), arguments.repo, console())

    parser.set_defaults(run=run)
