"""The command line of the owner's tools; nothing heavy is imported before a verb is chosen."""

import argparse
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bot.errors import UsageError
from bot.signals import run_to_the_end

_KINDS = ("cli", "http", "lib", "file")
_SETS = ("dev", "gate", "sealed")
_STATE = Path("/var/lib/nightshift/validator")
_MOST_REPEATS = 100
MakeConsole = Callable[[], Console]


def scenario(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    """Describe `nightshift scenario`."""
    parser.description = (
        "Writes, checks and runs hidden scenarios (format: scenarios/README.md). What these "
        "commands print is hidden content: keep it away from coders and from public logs."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _new(verbs.add_parser("new", help="write a commented skeleton"))
    _lint(verbs.add_parser("lint", help="what is broken, double, thin or vacuous"), console)
    _run(verbs.add_parser("run", help="run on a commit and tell what was seen"), console)
    _show(verbs.add_parser("show", help="one scenario with drawn values"), console)
    _stats(verbs.add_parser("stats", help="what a corpus consists of, what is spent"), console)
    _burn(verbs.add_parser("burn", help="a scenario became known: it moves to dev"), console)
    _rotate(verbs.add_parser("rotate", help="the gate set was replaced: a new budget"), console)


def verdict(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    """Describe `nightshift verdict`."""
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    show = verbs.add_parser("show", help="why a verdict was given, for the owner of the scenarios")
    show.add_argument("id", metavar="ID", help="the verdict, as the pull request names it")
    _state(show)
    _json(show)

    def run(arguments: argparse.Namespace) -> int:
        from bot.owner.verdict import explain  # noqa: PLC0415  starts fast without it

        return explain(arguments.state, arguments.id, arguments.json, console())

    show.set_defaults(run=run)
    _list(verbs.add_parser("list", help="which verdicts were given, the newest first"), console)


def _list(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    parser.add_argument("--repo", default="", metavar="OWNER/NAME", help="only of this repository")
    parser.add_argument("--issue", type=int, metavar="N", help="only of this issue")
    _state(parser)

    def run(arguments: argparse.Namespace) -> int:
        from bot.owner.verdict import overview  # noqa: PLC0415

        return overview(arguments.state, arguments.repo, arguments.issue, console())

    parser.set_defaults(run=run)


def gate(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    """Describe `nightshift gate`."""
    parser.description = (
        "Measures what a gate is worth. A repository merges by itself only when its hidden "
        "scenarios noticed enough seeded faults (mission: gate.min_kill_rate, default 0.90), "
        "not too long ago (gate.calibration_days, default 30), with the very corpus in use."
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    _calibrate(verbs.add_parser("calibrate", help="seed faults and ask the gate"), console)
    _calibration(verbs.add_parser("show", help="the newest measurement"), console)


def _calibrate(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    parser.description = (
        "Seeds small faults into the Python of REPO at a commit, leaves out those that the visible "
        "checks catch, and asks the real gate about the others, in boxes. Prints the share it "
        "notices per feature, with bounds, and every fault that would have been merged. What it "
        "prints is hidden content. Takes minutes, about a run of the checks per fault. Exit 0: the "
        "gate may merge, 1: it notices too little."
    )
    parser.add_argument("repo", type=Path, metavar="REPO", help="a local git repository")
    parser.add_argument(
        "--scenarios", type=Path, required=True, metavar="DIR", help="the folder of the corpus"
    )
    parser.add_argument("--ref", default="HEAD", metavar="COMMIT", help="default: HEAD")
    parser.add_argument(
        "--mission", type=Path, metavar="FILE", help="default: mission.md at the commit"
    )
    parser.add_argument(
        "--name", default="", metavar="OWNER/NAME", help="default: from the remote `origin`"
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help=f"record it in this validator's folder (usually {_STATE}); default: only print it",
    )
    parser.add_argument(
        "--faults",
        type=int,
        default=40,
        metavar="N",
        help="stop when N have come through the visible checks (default 40)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="chooses other faults")
    _json(parser)

    def run(arguments: argparse.Namespace) -> int:
        from bot.owner.calibrating import Wanted, calibrate  # noqa: PLC0415

        if arguments.faults < 1:
            raise UsageError("--faults is at least 1")
        wanted = Wanted(
            repository=arguments.repo,
            scenarios=arguments.scenarios,
            ref=arguments.ref,
            mission=arguments.mission,
            name=arguments.name,
            state=arguments.state,
            faults=arguments.faults,
            seed=arguments.seed,
            json=arguments.json,
        )
        return run_to_the_end(calibrate(wanted, console()))

    parser.set_defaults(run=run)


def _calibration(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    parser.add_argument("name", metavar="OWNER/NAME", help="the repository")
    _state(parser)
    _json(parser)

    def run(arguments: argparse.Namespace) -> int:
        from bot.domain.mission import Gate  # noqa: PLC0415
        from bot.owner.calibrating import show  # noqa: PLC0415

        least = Gate().min_kill_rate
        return show(arguments.state, arguments.name, least, arguments.json, console())

    parser.set_defaults(run=run)


def _new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="a-z, 0-9 and -, unique in the corpus")
    parser.add_argument("--kind", choices=_KINDS, required=True, help="how it reaches the product")
    parser.add_argument("--set", choices=_SETS, default="gate", help="default: gate")
    parser.add_argument("--feature", default="", metavar="F", help="default: the id's first word")
    parser.add_argument(
        "--dir", type=Path, default=Path(), metavar="DIR", help="the corpus (default: here)"
    )

    def run(arguments: argparse.Namespace) -> int:
        from bot.owner.scenario import new  # noqa: PLC0415
        from bot.validator.scenario import Kind, ScenarioSet  # noqa: PLC0415

        return new(
            arguments.dir,
            arguments.id,
            Kind(arguments.kind),
            ScenarioSet(arguments.set),
            arguments.feature or arguments.id.partition("-")[0],
        )

    parser.set_defaults(run=run)


def _lint(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    parser.description = (
        "Without --repo the files are only read. With --repo each scenario must also fail on an "
        "empty tree and on a product that does nothing, and pass on the commit, unless it is "
        "tagged with an issue. Exit 0: clean, 1: findings, 2: a file cannot be read."
    )
    _corpus(parser)
    _on(parser, required=False)
    _also(parser, "the drafts that wait there as well")
    _json(parser)

    def run(arguments: argparse.Namespace) -> int:
        from bot.owner import scenario, trying  # noqa: PLC0415

        if arguments.repo is None and (arguments.mission or arguments.ref != "HEAD"):
            raise UsageError("--ref and --mission say something about --repo, which is not given")
        if arguments.repo is None:
            return scenario.check(arguments.dir, arguments.state, arguments.json, console())
        on = trying.On(arguments.repo, arguments.ref, arguments.mission)
        work = trying.check(arguments.dir, on, arguments.state, arguments.json, console())
        return run_to_the_end(work)

    parser.set_defaults(run=run)


def _run(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    parser.description = "Exit 0 when every scenario passed, 1 otherwise."
    _corpus(parser)
    _on(parser, required=True)
    parser.add_argument(
        "--id", nargs="+", action="extend", default=[], metavar="ID", help="only these scenarios"
    )
    parser.add_argument("--repeats", type=int, metavar="K", help="executions of each scenario")

    def run(arguments: argparse.Namespace) -> int:
        from bot.owner import trying  # noqa: PLC0415

        if arguments.repeats is not None and not 1 <= arguments.repeats <= _MOST_REPEATS:
            raise UsageError(f"--repeats is 1 to {_MOST_REPEATS}")
        on = trying.On(arguments.repo, arguments.ref, arguments.mission)
        work = trying.run(arguments.dir, on, arguments.id, arguments.repeats, console())
        return run_to_the_end(work)

    parser.set_defaults(run=run)


def _show(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    _corpus(parser)
    parser.add_argument("id", metavar="ID", help="the scenario")

    def run(arguments: argparse.Namespace) -> int:
        from bot.owner.scenario import show  # noqa: PLC0415

        return show(arguments.dir, arguments.id, console())

    parser.set_defaults(run=run)


def _stats(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    _corpus(parser)
    _also(parser, "what was spent, and the drafts that wait there, as well")
    _json(parser)

    def run(arguments: argparse.Namespace) -> int:
        from bot.owner.scenario import stats  # noqa: PLC0415

        return stats(arguments.dir, arguments.state, arguments.json, console())

    parser.set_defaults(run=run)


def _burn(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    parser.description = (
        "Writes `set: dev` into the scenario's file, moves it beside the other dev ones, and has "
        "the validator remember it. Its set allows no merge until it is replaced."
    )
    parser.add_argument("id", metavar="ID", help="the scenario that became known")
    parser.add_argument(
        "--corpus", type=Path, default=Path(), metavar="DIR", help="its corpus (default: here)"
    )
    _state(parser)

    def run(arguments: argparse.Namespace) -> int:
        from bot.owner.burning import burn  # noqa: PLC0415

        return burn(arguments.corpus, arguments.id, arguments.state, console())

    parser.set_defaults(run=run)


def _rotate(parser: argparse.ArgumentParser, console: MakeConsole) -> None:
    parser.description = (
        "Gate questions are counted per repository and issue, whatever is edited in the corpus. "
        "Once its gate scenarios are replaced, this begins a new count."
    )
    parser.add_argument("--repo", required=True, metavar="OWNER/NAME", help="which repository")
    _state(parser)

    def run(arguments: argparse.Namespace) -> int:
        from bot.owner.burning import rotate  # noqa: PLC0415

        return rotate(arguments.repo, arguments.state, console())

    parser.set_defaults(run=run)


def _also(parser: argparse.ArgumentParser, what: str) -> None:
    told = f"the validator's folder: {what}"
    parser.add_argument("--state", type=Path, metavar="DIR", help=told)


def _state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state",
        type=Path,
        default=_STATE,
        metavar="DIR",
        help=f"the validator's folder (default: {_STATE})",
    )


def _corpus(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dir", type=Path, metavar="DIR", help="the folder of the corpus")


def _on(parser: argparse.ArgumentParser, *, required: bool) -> None:
    parser.add_argument(
        "--repo", type=Path, required=required, metavar="REPO", help="a local git repository"
    )
    parser.add_argument("--ref", default="HEAD", metavar="COMMIT", help="default: HEAD")
    parser.add_argument(
        "--mission", type=Path, metavar="FILE", help="default: mission.md at the commit"
    )


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", type=Path, metavar="FILE", help="write it as JSON too")
