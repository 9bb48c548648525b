"""The command line."""

import json
from pathlib import Path

import pytest

from parcel.cli import main


def test_a_quote_is_printed_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quote", "--country", "DE", "--weight", "2kg"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "zone 1, economy, 2.0 kg",
        "  freight             5.60",
        "  fuel                0.42",
        "  total               6.02 EUR",
    ]


def test_a_quote_is_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quote", "--country", "FR", "--weight", "800g", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == "9.03"


def test_bad_input_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quote", "--country", "XX", "--weight", "2kg"]) == 2
    assert capsys.readouterr().err == "parcel: we do not ship to XX\n"


def test_zones_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zones"]) == 0
    assert capsys.readouterr().out.startswith("1  Germany         DE\n2  neighbours      AT BE")


def test_a_manifest_is_priced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("reference,country,weight\nA-1,DE,2kg\n", encoding="utf-8")
    assert main(["manifest", str(source), "--out", str(target)]) == 0
    assert capsys.readouterr().out.endswith("parcels: 1\ntotal: 6.02 EUR\n")
    assert "A-1,DE,1,2.0,6.02" in target.read_text(encoding="utf-8")


def test_a_missing_manifest_is_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["manifest", "no-such-file.csv"]) == 2
    assert "no-such-file.csv" in capsys.readouterr().err


def test_tracking_numbers_are_made_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["number", "47312482", "--service", "rr"]) == 0
    assert main(["track", "RR473124829DE"]) == 0
    assert main(["track", "RR473124828DE"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "RR 473 124 829 DE",
        "RR473124829DE is valid",
        "RR473124828DE has a wrong check digit",
    ]
