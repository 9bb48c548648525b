"""The web service."""

from parcel.web import respond


def test_a_quote_is_answered() -> None:
    status, data = respond("GET", "/quote?country=FR&weight=800g")
    assert (status, data["total"]) == (200, "9.03")


def test_bad_questions_are_explained() -> None:
    assert respond("GET", "/quote?weight=1kg") == (422, {"error": "country is missing"})
    assert respond("GET", "/quote?country=DE&weight=1kg&speed=9")[0] == 422
    assert respond("GET", "/nothing")[0] == 404


def test_zones_are_listed() -> None:
    assert respond("GET", "/zones")[1]["1"] == ["DE"]


def test_a_tracking_number_is_checked() -> None:
    assert respond("GET", "/track/rr%20473124829%20gb") == (
        200,
        {"number": "RR473124829GB", "valid": True, "problem": ""},
    )


def test_a_manifest_is_priced() -> None:
    status, data = respond("POST", "/manifest", "reference,country,weight\nA-1,DE,2kg\n")
    assert (status, data["totals"], data["total"]) == (200, {"A-1": "6.02"}, "6.02")
