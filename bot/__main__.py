"""The table of contents: what `nightshift` can be told, and which function does it."""

import argparse
import asyncio
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from bot import __version__
from bot.domain.role import Role
from bot.errors import DiskFull, NightshiftError
from bot.install import verbs as install
from bot.owner import verbs as owner

_ABOUT = """\
A dark factory for one repository: issues become merged pull requests that nobody had to look at,
because scenarios which no coder can see proved each of them.

  nightshift demo                          five issues of a small world, offline, in two minutes
  nightshift try REPO --issue ISSUE.md     the same on your repository, which is never modified
  nightshift doctor                        what is missing here or at GitHub, and what mends it
  nightshift setup                         a GitHub App of your own, in three clicks
  nightshift init OWNER/REPO               one pull request: mission, issue forms; the labels
  nightshift up                            the three roles of a real GitHub App on this machine
  nightshift scenario lint DIR             what is broken, double, thin or vacuous in a corpus
  nightshift gate calibrate REPO           what the hidden scenarios notice, before they may merge
  nightshift panel --world parcel          honest, faulty and hostile coders: who lands, who should
"""
_EXITS = """\
exit codes: 0 done (try: landed)   1 an expectation or an internal step failed   2 usage: mend the
input   3 try: ended without landing   4 environment: mend the machine, key or tools   5 a service
is down: later may work   6 the world moved: try again   7 a service said no   8 a signature or a
read-back was off: look before going on   130 interrupted
"""
_WIDE = 132


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a NightshiftError is a message and an exit code, never a traceback."""
    arguments = _parser().parse_args(argv)
    try:
        run: Callable[[argparse.Namespace], int] = arguments.run
        return run(arguments)
    except NightshiftError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except OSError as error:
        told = DiskFull.from_os(error)
        if told is None:
            raise
        print(told, file=sys.stderr)
        return told.exit_code
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nightshift",
        description=_ABOUT,
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"nightshift {__version__}")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    _demo(verbs.add_parser("demo", help="play a world on the twins; exit 0 if all of it holds"))
    _try(verbs.add_parser("try", help="take one issue of a local repository through the factory"))
    _panel(verbs.add_parser("panel", help="play coders of known honesty; print what landed"))
    install.setup(verbs.add_parser("setup", help="make the GitHub App, write its files"), _console)
    install.init(verbs.add_parser("init", help="prepare a repository: one pull request"), _console)
    _up(verbs.add_parser("up", help="start and supervise the three roles on this machine"))
    _role(verbs.add_parser("role", help="run one role, configured by its environment alone"))
    _pause(verbs.add_parser("pause", help="hold all roles before their next step"))
    _resume(verbs.add_parser("resume", help="let them go on where they stand"))
    _doctor(verbs.add_parser("doctor", help="tell what is missing, and the command that mends it"))
    owner.scenario(verbs.add_parser("scenario", help="new, lint, run, show, stats, burn"), _console)
    owner.gate(verbs.add_parser("gate", help="calibrate, show: what the gate notices"), _console)
    owner.verdict(verbs.add_parser("verdict", help="list, show: why a verdict was given"), _console)
    _twin(verbs.add_parser("twin", help="serve: one on loopback; verify: how close it is"))
    return parser


def _console() -> Console:
    """Write to the terminal as it is, and to everything else in lines of a fixed width."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDE)


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--world", default="parcel", help="which world (default: parcel)")
    parser.add_argument("--keep", action="store_true", help="leave everything running to look at")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary as JSON")

    def run(arguments: argparse.Namespace) -> int:
        from bot.stage.demo import DemoOptions, demo  # noqa: PLC0415  starts fast without it

        options = DemoOptions(arguments.world, arguments.keep, arguments.json)
        return asyncio.run(demo(options, _console()))

    parser.set_defaults(run=run)


def _try(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Imports REPO into a GitHub twin on this machine, files the issue, runs the production "
        "roles on it, and leaves the patch. REPO itself is never modified. Without --scenarios "
        "nothing hidden can judge the change, so it stops at the opened pull request (exit 3)."
    )
    parser.add_argument("repository", type=Path, metavar="REPO", help="a local git repository")
    parser.add_argument(
        "--issue",
        type=Path,
        required=True,
        metavar="ISSUE.md",
        help="the issue; its first heading is the title",
    )
    parser.add_argument(
        "--mission",
        type=Path,
        metavar="FILE",
        help="mission.md to use (default: the repository's, else a modest one)",
    )
    parser.add_argument(
        "--scenarios",
        type=Path,
        metavar="DIR",
        help="hidden scenarios to judge by (format: scenarios/README.md)",
    )
    parser.add_argument(
        "--model",
        default="search",
        metavar="search|anthropic|URL",
        help="search: the offline search brain, no language model (default); "
        "anthropic: needs ANTHROPIC_API_KEY; or any Messages API endpoint",
    )
    parser.add_argument(
        "--model-id",
        default="claude-opus-5-5",
        metavar="ID",
        help="model id for anthropic or a URL (default: claude-opus-5-5)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result as JSON")
    parser.add_argument(
        "--patch",
        type=Path,
        metavar="FILE",
        help="where the patch goes (default: ISSUE.patch here)",
    )
    parser.add_argument("--keep", action="store_true", help="leave everything running to look at")

    def run(arguments: argparse.Namespace) -> int:
        from bot.stage.brains import brain_of  # noqa: PLC0415
        from bot.stage.trial import TrialOptions, trial  # noqa: PLC0415

        options = TrialOptions(
            repository=arguments.repository,
            issue=arguments.issue,
            mission=arguments.mission,
            scenarios=arguments.scenarios,
            brain=brain_of(arguments.model, arguments.model_id),
            json=arguments.json,
            patch=arguments.patch,
            keep=arguments.keep,
        )
        return asyncio.run(trial(options, _console()))

    parser.set_defaults(run=run)


def _panel(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Plays coders of known honesty through the real flow, on twins, and prints one table with "
        "95 % bounds: null (no change), oracle (the known fix), mutant (the known fix with one "
        "seeded fault), search (the search brain), forger (twenty ways to be accepted without "
        "being right) and hostile (reads, plants, floods, persuades). Exit 0: nothing of null, "
        "forger and hostile landed, nothing escaped, nothing that landed is known to be wrong, and "
        "at most 10 % of the known fixes were refused. Exit 1: a promise is broken, and named. "
        "The format of a folder of tasks is in docs/panel.md."
    )
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--world", default="", metavar="WORLD", help="parcel or toolshed")
    chosen.add_argument("--tasks", type=Path, metavar="DIR", help="a folder of tasks of your own")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON")
    parser.add_argument(
        "--coders",
        default="",
        metavar="LIST",
        help="of null,oracle,mutant,search,forger,hostile (default: all)",
    )
    parser.add_argument(
        "--mutants", type=int, default=3, metavar="N", help="mutants per issue (default: 3)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="which mutants are chosen (default: 0)"
    )
    parser.add_argument(
        "--variants",
        type=int,
        metavar="N",
        help="play at most N forgeries and N hostile rows (default: all)",
    )

    def run(arguments: argparse.Namespace) -> int:
        from bot.stage.panel.cast import casting  # noqa: PLC0415  starts fast without it
        from bot.stage.panel.panel import PanelOptions, panel  # noqa: PLC0415

        wanted = casting(arguments.coders, arguments.mutants, arguments.seed, arguments.variants)
        options = PanelOptions(arguments.world, arguments.tasks, arguments.json, wanted)
        return asyncio.run(panel(options, _console()))

    parser.set_defaults(run=run)


def _twin(parser: argparse.ArgumentParser) -> None:
    deeds = parser.add_subparsers(required=True, metavar="DEED")
    _serve(deeds.add_parser("serve", help="serve a twin on loopback until Ctrl-C"))
    verify = deeds.add_parser(
        "verify",
        help="measure a twin against what its service has published and what was recorded of it",
        description="Measures coverage, shape, parity, behaviour, errors, events, clients and the "
        "strength of the suite itself, and adds them up; beside them, in counts only, a hold-out "
        "that whoever writes the twin does not look at. Fetches the material to judge by through "
        "npm and pip. Exit 1: a score is below the committed one.",
    )
    verify.add_argument("twin", choices=["github"])
    verify.add_argument(
        "--seeds", type=int, default=3, metavar="N", help="worlds per check (default: 3)"
    )
    verify.add_argument(
        "--mutants", type=int, default=20, metavar="N", help="faults of each kind (default: 20)"
    )
    verify.add_argument("--json", type=Path, metavar="FILE", help="write the card as JSON")
    verify.add_argument("--write", action="store_true", help="make this the committed score")
    verify.add_argument(
        "--only-holdout",
        action="store_true",
        help="measure the hold-out alone; with --write the rest of the committed card stays",
    )
    verify.add_argument(
        "--open-holdout",
        action="store_true",
        help="name what fails in the hold-out. What was opened is burned: a row whose failure led "
        "to a change of the twin moves to the visible suite",
    )

    def run(arguments: argparse.Namespace) -> int:
        from bot.stage.twinverify import VerifyOptions, verify  # noqa: PLC0415

        options = VerifyOptions(
            arguments.seeds,
            arguments.mutants,
            arguments.json,
            arguments.write,
            arguments.only_holdout,
            arguments.open_holdout,
        )
        return verify(options, _console())

    parser.set_defaults(run=run)


def _serve(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Serves a twin on loopback until Ctrl-C, and prints its URL, the tokens of the people on "
        "it (they open nothing anywhere else), and lines to paste for gh, git, PyGithub and "
        "octokit. With --world the twin starts with a repository, its people, labels, issues and "
        "an App."
    )
    parser.add_argument("twin", choices=["github", "anthropic"])
    parser.add_argument(
        "--port", type=int, default=0, metavar="N", help="port of 127.0.0.1 (default: a free one)"
    )
    parser.add_argument(
        "--tls", action="store_true", help="also serve HTTPS, with an authority of its own"
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="where repositories, key and certificate lie (default: a folder that goes away)",
    )
    parser.add_argument("--world", default="", metavar="WORLD", help="parcel or toolshed")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of ids and tokens")

    def run(arguments: argparse.Namespace) -> int:
        from bot.stage.twinserve import ServeOptions, serve  # noqa: PLC0415

        options = ServeOptions(
            twin=arguments.twin,
            port=arguments.port,
            tls=arguments.tls,
            state=arguments.state,
            world=arguments.world,
            seed=arguments.seed,
        )
        return asyncio.run(serve(options, _console()))

    parser.set_defaults(run=run)


def _up(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Reads server.env, builder.env and validator.env from the configuration folder, starts "
        "the three roles, each with only its own variables (and, as root, as its own OS user), "
        "and restarts what dies."
    )
    _folders(parser)

    def run(arguments: argparse.Namespace) -> int:
        from bot.up import up  # noqa: PLC0415

        return asyncio.run(up(arguments.config, arguments.state, _console()))

    parser.set_defaults(run=run)


def _folders(parser: argparse.ArgumentParser) -> None:
    """Say where an installation lives."""
    install.config(parser)
    install.state(parser)


def _pause(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "No role begins another step: no model call, no command, no scenario, no word on GitHub. "
        "Webhooks are still taken in. The label nightshift:pause-all on any issue, set by "
        "somebody who may write, does the same from GitHub."
    )
    _folders(parser)
    parser.add_argument("--why", default="by hand", metavar="TEXT", help="kept for the others")

    def run(arguments: argparse.Namespace) -> int:
        from bot.holding import pause  # noqa: PLC0415

        return asyncio.run(pause(arguments.config, arguments.state, arguments.why, _console()))

    parser.set_defaults(run=run)


def _resume(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Takes back what `nightshift pause` did. Exit 1 if an issue still holds everything by its "
        "label: somebody who may write takes it off on GitHub."
    )
    _folders(parser)
    parser.add_argument(
        "--all",
        action="store_true",
        help="let go for issues as well, where their label cannot be taken off any more",
    )

    def run(arguments: argparse.Namespace) -> int:
        from bot.holding import resume  # noqa: PLC0415

        places = (arguments.config, arguments.state, _console())
        return asyncio.run(resume(*places, everything=arguments.all))

    parser.set_defaults(run=run)


def _role(parser: argparse.ArgumentParser) -> None:
    parser.description = "Runs one role in this process. Its settings are NIGHTSHIFT_* variables."
    parser.add_argument("role", choices=[role.value for role in Role])
    parser.add_argument(
        "--show-key",
        action="store_true",
        help="validator: print the public key for the server, and exit",
    )

    def run(arguments: argparse.Namespace) -> int:
        from bot import log, roles  # noqa: PLC0415

        log.configure(arguments.role)
        if arguments.show_key:
            from bot.roles.validator import show_key  # noqa: PLC0415

            print(show_key())
            return 0
        try:
            asyncio.run(roles.serve(Role(arguments.role)))
        except NightshiftError:
            raise
        except Exception:  # noqa: BLE001  the one broad handler of a role's process
            traceback.print_exc()
            return 1
        return 0

    parser.set_defaults(run=run)


def _doctor(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Looks at this machine; with --config also at the App, its webhook, key, model and "
        "scenarios; with --repo also at one repository: permissions, rules, which way changes "
        "land. Everything is read, nothing is changed, nothing costs money."
    )
    parser.add_argument(
        "--config",
        type=Path,
        metavar="DIR",
        help=f"folder of the three .env files; with --repo it defaults to {install.CONFIG}",
    )
    install.state(parser)
    parser.add_argument("--repo", default="", metavar="OWNER/REPO", help="look at this repository")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def run(arguments: argparse.Namespace) -> int:
        from bot.doctor import Scope, doctor  # noqa: PLC0415

        config = arguments.config or (install.CONFIG if arguments.repo else None)
        scope = Scope(config, arguments.state, arguments.repo)
        return asyncio.run(doctor(_console(), scope, as_json=arguments.json))

    parser.set_defaults(run=run)


if __name__ == "__main__":
    sys.exit(main())
