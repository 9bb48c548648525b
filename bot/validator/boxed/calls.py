"""Runs in the box, beside the product: performs the calls that arrive on descriptor 3.

One JSON line in, one JSON line out, with the nonce of the question. What the product prints goes
elsewhere. Nothing here knows what is expected. Only the standard library, imported before the
product's folders are on the path.
"""

import datetime as dt
import decimal
import enum
import importlib
import json
import math
import socket
import sys
from typing import Any

MESSAGE = 2000
DEPTH = 20


class Absent(Exception):
    """What was to be called does not exist."""


def resolve(name: str) -> Any:
    """Import `module:attribute.path`, or `module.attribute`."""
    module, colon, path = name.partition(":")
    if not colon:
        module, _, path = name.rpartition(".")
    try:
        value = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if module == error.name or module.startswith(f"{error.name}."):
            raise Absent(module) from error
        raise
    for part in path.split("."):
        try:
            value = getattr(value, part)
        except AttributeError as error:
            raise Absent(name) from error
    return value


def decode(value: Any, results: list[Any]) -> Any:  # noqa: C901, PLR0912  one arm per form
    """Turn JSON with typed forms into Python values."""
    if isinstance(value, list):
        return [decode(item, results) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        form, inner = next(iter(value.items()))
        match form:
            case "$decimal":
                return decimal.Decimal(inner)
            case "$tuple":
                return tuple(decode(inner, results))
            case "$set":
                return set(decode(inner, results))
            case "$bytes":
                return bytes.fromhex(inner)
            case "$date":
                return dt.date.fromisoformat(inner)
            case "$datetime":
                return dt.datetime.fromisoformat(inner)
            case "$dict":
                return {decode(key, results): decode(item, results) for key, item in inner}
            case "$float":
                return float(inner)
            case "$name":
                return resolve(inner)
            case "$call":
                return perform(inner, results)
            case "$ref":
                return results[inner]
            case _:
                pass
    return {key: decode(item, results) for key, item in value.items()}


def encode(value: Any, depth: int = 0) -> Any:  # noqa: C901, PLR0912  one arm per form
    """Turn a Python value into JSON with typed forms."""
    kind = type(value).__name__
    if depth > DEPTH:
        return {"$type": kind}
    deeper = depth + 1
    match value:
        case None | True | False:
            return value
        case enum.Enum():
            return {"$enum": f"{kind}.{value.name}", "value": encode(value.value, deeper)}
        case int():
            return int(value)
        case float():
            return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
        case str():
            return str.__str__(value)
        case decimal.Decimal():
            return {"$decimal": format(value, "f") if value.is_finite() else str(value)}
        case bytes() | bytearray():
            return {"$bytes": value.hex()}
        case dt.datetime():
            return {"$datetime": value.isoformat()}
        case dt.date():
            return {"$date": value.isoformat()}
        case list():
            return [encode(item, deeper) for item in value]
        case tuple():
            return {"$tuple": [encode(item, deeper) for item in value]}
        case set() | frozenset():
            return {"$set": sorted((encode(item, deeper) for item in value), key=json.dumps)}
        case dict():
            if all(isinstance(key, str) for key in value):
                return {str(key): encode(item, deeper) for key, item in value.items()}
            pairs = [[encode(key, deeper), encode(item, deeper)] for key, item in value.items()]
            return {"$dict": pairs}
        case _:
            return encode_object(value, deeper)


def encode_object(value: Any, depth: int) -> Any:
    """Show the public fields of an object."""
    kind = type(value).__name__
    slots = [name for base in type(value).__mro__ for name in getattr(base, "__slots__", ())]
    names = [*slots, *getattr(value, "__dict__", ())]
    if isinstance(value, type) or not names:
        return {"$type": kind}
    fields = {
        name: encode(getattr(value, name, None), depth)
        for name in names
        if not name.startswith("_")
    }
    return {"$object": kind, "fields": fields}


def perform(call: dict[str, Any], results: list[Any]) -> Any:
    """Carry out one call."""
    if "get" in call:
        return member(results[call["on"]], call["get"])
    target = (
        resolve(call["function"])
        if "function" in call
        else member(results[call["on"]], call["method"])
    )
    args = [decode(argument, results) for argument in call.get("args", [])]
    kwargs = {key: decode(argument, results) for key, argument in call.get("kwargs", {}).items()}
    return target(*args, **kwargs)


def member(value: Any, name: str) -> Any:
    """Get an attribute of a result."""
    try:
        return getattr(value, name)
    except AttributeError as error:
        raise Absent(name) from error


def answer(call: dict[str, Any], results: list[Any]) -> dict[str, Any]:
    """Perform one call and describe what came of it."""
    try:
        value = perform(call, results)
        results.append(value)
        return {"return": encode(value)}
    except Absent:
        results.append(None)
        return {"absent": True}
    except BaseException as error:  # noqa: BLE001  whatever the product raises is an observation
        results.append(None)
        bases = [base.__name__ for base in type(error).__mro__ if base is not object]
        return {"raises": bases, "message": str(error)[:MESSAGE]}


def serve() -> None:
    """Answer until the other side closes."""
    channel = socket.socket(fileno=3)
    sys.path[:0] = sys.argv[1].split(":")
    results: list[Any] = []
    with channel.makefile("r", encoding="utf-8") as questions:
        for line in questions:
            question = json.loads(line)
            call = question["call"]
            told = answer(call, results) if call else {"return": None}
            reply = {"nonce": question["nonce"], **told}
            channel.sendall(json.dumps(reply).encode() + b"\n")


serve()
