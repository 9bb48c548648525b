"""The command line: `python -m toolshed COMMAND`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence

from toolshed import reports, terms
from toolshed.shed import Refused, Shed

JOURNAL = "toolshed.jsonl"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is fine, 1 is against the terms, 2 is bad input."""
    options = _parser().parse_args(argv)
    try:
        print(options.run(Shed(options.journal), options))
    except (ValueError, OSError) as error:
        print(f"toolshed: {error}", file=sys.stderr)
        return 1 if isinstance(error, Refused) else 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="toolshed", description="Who has which tool?")
    parser.add_argument("--journal", default=os.environ.get("TOOLSHED_JOURNAL", JOURNAL))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, about, words, run in (
        ("join", "welcome a member", "name --kind --on", _join),
        ("add", "put a tool into the shed", "name category value", _add),
        ("lend", "hand a tool out", "tool member --on", _lend),
        ("renew", "lend a tool for longer", "tool --on", _renew),
        ("return", "take a tool back", "tool --on", _return),
        ("reserve", "wait for a tool", "tool member --on", _reserve),
        ("cancel", "wait no longer", "tool member", _cancel),
        ("charge", "charge a member", "member amount reason --on", _charge),
        ("pay", "take money", "member amount --on", _pay),
        ("due", "when a tool would be due", "category --on", _due),
        ("tools", "list the tools", "--category --on --json", _tools),
        ("account", "what a member has and owes", "member --json", _account),
        ("statement", "a member's money, line by line", "member --json", _statement),
        ("overdue", "what should be back", "--on --json", _overdue),
    ):
        command = commands.add_parser(name, help=about)
        for word in words.split():
            _argument(command, word)
        command.set_defaults(run=run)
    return parser


def _argument(command: argparse.ArgumentParser, word: str) -> None:
    match word:
        case "--on":
            command.add_argument("--on", required=True, metavar="DAY", help="such as 2025-03-06")
        case "--json":
            command.add_argument("--json", action="store_true", help="print JSON")
        case "--kind":
            command.add_argument("--kind", default="regular", help=", ".join(terms.LIMITS))
        case "--category":
            command.add_argument("--category", default="", help=", ".join(terms.LENGTHS))
        case _:
            command.add_argument(word)


def _join(shed: Shed, options: argparse.Namespace) -> str:
    return shed.join(options.name, options.on, options.kind)


def _add(shed: Shed, options: argparse.Namespace) -> str:
    return shed.add(options.name, options.category, options.value)


def _lend(shed: Shed, options: argparse.Namespace) -> str:
    return f"due {shed.lend(options.tool, options.member, options.on)['due']}"


def _renew(shed: Shed, options: argparse.Namespace) -> str:
    return f"due {shed.renew(options.tool, options.on)}"


def _return(shed: Shed, options: argparse.Namespace) -> str:
    return f"fee {shed.give_back(options.tool, options.on)}"


def _reserve(shed: Shed, options: argparse.Namespace) -> str:
    return f"place {shed.reserve(options.tool, options.member, options.on)}"


def _cancel(shed: Shed, options: argparse.Namespace) -> str:
    shed.cancel(options.tool, options.member)
    return "cancelled"


def _charge(shed: Shed, options: argparse.Namespace) -> str:
    return f"owes {shed.charge(options.member, options.amount, options.reason, options.on)}"


def _pay(shed: Shed, options: argparse.Namespace) -> str:
    return f"owes {shed.pay(options.member, options.amount, options.on)}"


def _due(_: Shed, options: argparse.Namespace) -> str:
    return terms.due(options.category, options.on)


def _tools(shed: Shed, options: argparse.Namespace) -> str:
    rows = reports.inventory(shed, options.on, options.category)
    return _shown(options, rows, "{tool:<5}{name:<20}{category:<8}{status}")


def _account(shed: Shed, options: argparse.Namespace) -> str:
    data = reports.account(shed, options.member)
    if options.json:
        return json.dumps(data, indent=2)
    loans = [f"  {loan.tool} due {loan.due}" for loan in shed.borrowed(str(data["member"]))]
    return "\n".join(["{member} {name} ({kind})".format(**data), *loans, f"owes {data['owes']}"])


def _statement(shed: Shed, options: argparse.Namespace) -> str:
    return _shown(
        options, reports.statement(shed, options.member), "{on}  {text:<32}{amount:>8}{balance:>8}"
    )


def _overdue(shed: Shed, options: argparse.Namespace) -> str:
    rows = reports.overdue(shed, options.on)
    return _shown(options, rows, "{tool:<5}{name:<20}{member:<5}due {due}, {late} days late, {fee}")


def _shown(options: argparse.Namespace, rows: list[reports.Row], form: str) -> str:
    if options.json:
        return json.dumps(rows, indent=2)
    return "\n".join(form.format(**row) for row in rows) or "nothing"
