"""A brain that replays a vcrpy cassette: recorded answers to recorded request bodies.

A request matches when its JSON body equals a recorded one, whatever the order of its keys and
whether or not it streams. Equal requests are answered in the order in which they were recorded,
the last answer staying. What was never recorded is a clear 501.
"""

import gzip
import json
import zlib
from pathlib import Path

import yaml

from twins.anthropic.brains import JsonObject, NoAnswer, Reply


class BadTape(ValueError):
    """The file is no cassette of Messages calls."""


class TapeBrain:
    """Answers from recordings."""

    name = "tape"
    models: tuple[str, ...] = ()
    counts_tokens = True

    def __init__(self, recorded: list[tuple[JsonObject, JsonObject]]) -> None:
        self._answers: dict[str, list[JsonObject]] = {}
        for request, answer in recorded:
            self._answers.setdefault(_key(request), []).append(answer)
        self._played: dict[str, int] = {}

    @classmethod
    def load(cls, path: Path) -> "TapeBrain":
        """Read a cassette written by vcrpy."""
        try:
            data = yaml.safe_load(path.read_text("utf-8"))
            interactions = data["interactions"]
            recorded = [pair for each in interactions if (pair := _pair(each)) is not None]
        except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as problem:
            raise BadTape(f"{path} is no cassette: {problem}") from problem
        if not recorded:
            raise BadTape(f"{path} holds no answered POST /v1/messages")
        return cls(recorded)

    def reset(self) -> None:
        """Play from the beginning."""
        self._played.clear()

    def reply(self, request: JsonObject) -> Reply:
        """Answer as recorded."""
        key = _key(request)
        answers = self._answers.get(key)
        if answers is None:
            raise NoAnswer("this request was never recorded on the tape")
        index = self._played.get(key, 0)
        self._played[key] = index + 1
        return Reply((), raw=answers[min(index, len(answers) - 1)])


def _key(request: JsonObject) -> str:
    kept = {name: value for name, value in request.items() if name != "stream"}
    return json.dumps(kept, sort_keys=True)


def _pair(interaction: JsonObject) -> tuple[JsonObject, JsonObject] | None:
    request, response = interaction["request"], interaction["response"]
    path = str(request["uri"]).split("?")[0]
    if request["method"] != "POST" or not path.endswith("/v1/messages"):
        return None
    if int(response["status"]["code"]) != 200:  # noqa: PLR2004 - errors are no answers
        return None
    text = _plain(response["body"]["string"], response.get("headers", {}))
    body = request["body"]
    asked = json.loads(body.decode() if isinstance(body, bytes) else body)
    answer = _assembled(text) if text.lstrip().startswith("event:") else json.loads(text)
    return asked, answer


def _plain(body: object, headers: JsonObject) -> str:
    data = body.encode() if isinstance(body, str) else bytes(body)  # type: ignore[call-overload]
    encoding = str(next((v for k, v in headers.items() if k.lower() == "content-encoding"), ""))
    if "gzip" in encoding:
        data = gzip.decompress(data)
    elif "deflate" in encoding:
        data = zlib.decompress(data)
    return data.decode()


def _assembled(stream: str) -> JsonObject:
    """Put a recorded stream together again."""
    message: JsonObject = {}
    partial: dict[int, str] = {}
    for line in stream.split("\n"):
        if not line.startswith("data:"):
            continue
        event = json.loads(line[5:])
        match event.get("type"):
            case "message_start":
                message = event["message"]
            case "content_block_start":
                message["content"].append(event["content_block"])
            case "content_block_delta":
                _add(message["content"][event["index"]], event["delta"], partial, event["index"])
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= event["usage"]
            case _:
                continue
    for index, text in partial.items():
        message["content"][index]["input"] = json.loads(text or "{}")
    return message


def _add(block: JsonObject, delta: JsonObject, partial: dict[int, str], index: int) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta":
            partial[index] = partial.get(index, "") + delta["partial_json"]
        case _:
            pass
