"""The command line: `python -m parcel quote|zones|manifest|number|track`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from parcel import manifest, money, quotes, tracking, zones
from parcel.quotes import Quote
from parcel.rates import SERVICES


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is fine, 1 is a negative answer, 2 is bad input."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options))
    except (ValueError, OSError) as error:
        print(f"parcel: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="parcel", description="What it costs to send a parcel.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    quote = commands.add_parser("quote", help="price one parcel")
    quote.add_argument("--country", required=True, help="two-letter country code")
    quote.add_argument("--weight", required=True, help="such as 2.3kg or 800g")
    quote.add_argument("--size", default="", help="such as 40x30x20, in centimetres")
    quote.add_argument("--postcode", default="")
    quote.add_argument("--service", default="economy", help=" or ".join(SERVICES))
    quote.add_argument("--declared", default="0", help="value to insure, in euros")
    quote.add_argument("--json", action="store_true", help="print JSON")
    quote.set_defaults(run=_quote)

    table = commands.add_parser("zones", help="list the price zones")
    table.set_defaults(run=_zones)

    batch = commands.add_parser("manifest", help="price a CSV file of parcels")
    batch.add_argument("file", type=Path)
    batch.add_argument("--out", type=Path, help="also write the prices as CSV")
    batch.set_defaults(run=_manifest)

    number = commands.add_parser("number", help="make a tracking number")
    number.add_argument("serial", type=int)
    number.add_argument("--service", default="CP", help="two letters")
    number.set_defaults(run=_number)

    track = commands.add_parser("track", help="check tracking numbers")
    track.add_argument("numbers", nargs="+", metavar="NUMBER")
    track.set_defaults(run=_track)
    return parser


def _quote(options: argparse.Namespace) -> int:
    parcel = quotes.describe(
        options.country,
        options.weight,
        options.size,
        options.postcode,
        options.service,
        options.declared,
    )
    result = quotes.price(parcel)
    print(json.dumps(result.as_dict(), indent=2) if options.json else _table(result))
    return 0


def _table(result: Quote) -> str:
    lines = [f"zone {result.zone}, {result.service}, {result.billable} kg"]
    lines += [f"  {name:<14}{price:>10.2f}" for name, price in result.lines]
    lines.append(f"  {'total':<14}{result.total:>10.2f} EUR")
    return "\n".join(lines)


def _zones(_: argparse.Namespace) -> int:
    for zone, countries in zones.ZONES.items():
        print(f"{zone}  {zones.NAMES[zone]:<16}{' '.join(countries)}")
    return 0


def _manifest(options: argparse.Namespace) -> int:
    priced = manifest.read(options.file.read_text(encoding="utf-8"))
    for row in priced.rows:
        print(f"{row.reference:<16}{row.parcel.country}{row.quote.total:>10.2f}")
    print(f"parcels: {len(priced.rows)}")
    if priced.discount:
        print(f"discount: {money.show(priced.discount)}")
    print(f"total: {money.show(priced.total)}")
    if options.out:
        options.out.write_text(manifest.write(priced), encoding="utf-8")
    return 0


def _number(options: argparse.Namespace) -> int:
    print(tracking.spaced(tracking.tracking_number(options.serial, options.service)))
    return 0


def _track(options: argparse.Namespace) -> int:
    problems = [tracking.problem(number) for number in options.numbers]
    for number, what in zip(options.numbers, problems, strict=True):
        print(f"{tracking.normal(number)} {what or 'is valid'}")
    return 1 if any(problems) else 0
