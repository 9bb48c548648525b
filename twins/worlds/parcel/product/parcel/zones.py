"""Where a parcel goes: price zones by country, customs borders, remote postcodes.

Everything is sent from Germany.
"""

ZONES = {
    1: ("DE",),
    2: ("AT", "BE", "CZ", "DK", "FR", "LU", "NL", "PL"),
    3: ("BG", "EE", "ES", "FI", "GR", "HR", "HU", "IE", "IT", "LT", "LV", "PT", "RO", "SE", "SK"),
    4: ("CH", "GB", "NO", "TR", "UA"),
    5: ("AU", "BR", "CA", "IN", "JP", "KR", "MX", "NZ", "US", "ZA"),
}
NAMES = {
    1: "Germany",
    2: "neighbours",
    3: "European Union",
    4: "rest of Europe",
    5: "world",
}
FIRST_CUSTOMS_ZONE = 4

REMOTE = {
    "DE": ("18565", "25849", "25859", "25869", "27498"),
    "DK": ("38", "39"),
    "ES": ("07", "35", "38"),
    "FR": ("20",),
    "GB": ("HS", "IM", "KW", "ZE"),
    "GR": ("84", "85"),
    "PT": ("9",),
}


def zone_of(country: str) -> int:
    """Find the price zone of a two-letter country code."""
    code = country.strip().upper()
    for zone, countries in ZONES.items():
        if code in countries:
            return zone
    raise ValueError(f"we do not ship to {code or 'nowhere'}")


def needs_customs(country: str) -> bool:
    """Tell whether a parcel to this country crosses a customs border."""
    return zone_of(country) >= FIRST_CUSTOMS_ZONE


def is_remote(country: str, postcode: str) -> bool:
    """Tell whether a postcode is on an island or otherwise hard to reach."""
    prefixes = REMOTE.get(country.strip().upper(), ())
    return postcode.replace(" ", "").upper().startswith(prefixes)
