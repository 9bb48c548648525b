"""A Messages request as the search brain reads it: sections by their tags, tool calls in order."""

import json
import re
from dataclasses import dataclass
from typing import Any

from twins.anthropic.script import text_of

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One tool call of the conversation and what came back; None while it is held back."""

    name: str
    arguments: JsonObject
    result: str | None
    is_error: bool = False

    @property
    def failed(self) -> bool:
        """Whether the tool says that it did not work."""
        return self.is_error or (self.exit_code or 0) != 0

    @property
    def exit_code(self) -> int | None:
        """The code on the result's last line, if it has one."""
        found = re.search(r"\[exit (-?\d+), [\d.]+ s\]\s*$", self.result or "")
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Prompt:
    """Everything the brain knows."""

    text: str
    steps: tuple[Step, ...]
    tools: frozenset[str]
    tool_properties: JsonObject
    properties: JsonObject | None

    @staticmethod
    def of(request: JsonObject) -> "Prompt":
        """Take a request apart."""
        talk = [each for each in request["messages"] if each["role"] != "system"]
        said = [text_of(each["content"]) for each in talk if each["role"] == "user"]
        form = (request.get("output_config") or {}).get("format") or {}
        schema = form.get("schema")
        tools = request.get("tools") or []
        return Prompt(
            "\n".join(said),
            tuple(_steps(talk)),
            frozenset(str(tool.get("name")) for tool in tools),
            {tool["name"]: tool.get("input_schema", {}).get("properties", {}) for tool in tools},
            schema.get("properties", {}) if isinstance(schema, dict) else None,
        )

    def section(self, tag: str) -> str:
        """Return the text between a tag and its end, or nothing."""
        found = re.search(rf"<{tag}\b[^>]*>\n?(.*?)\n?</{tag}>", self.text, re.DOTALL)
        return found[1] if found else ""

    @property
    def issue(self) -> JsonObject:
        """The issue as data; a text that is no JSON counts as its body."""
        text = self.section("issue").strip()
        try:
            issue = json.loads(text)
        except ValueError:
            return {"title": text.split("\n")[0][:200], "body": text}
        return issue if isinstance(issue, dict) else {"title": "", "body": text}

    @property
    def issue_text(self) -> str:
        """Title and body as one Markdown text."""
        issue = self.issue
        return f"# {issue.get('title') or ''}\n\n{issue.get('body') or ''}\n"

    @property
    def open_issues(self) -> list[JsonObject]:
        """The other open issues."""
        try:
            found = json.loads(self.section("open_issues") or "[]")
        except ValueError:
            return []
        return [each for each in found if isinstance(each, dict)]

    @property
    def checks(self) -> list[str]:
        """The visible checks, one command each."""
        lines = [line.strip().strip("`").strip() for line in self.section("checks").split("\n")]
        return [line.removeprefix("- ").strip() for line in lines if line.strip("- ")]


def _steps(talk: list[JsonObject]) -> list[Step]:
    results: dict[str, JsonObject] = {}
    uses: list[JsonObject] = []
    for message in talk:
        blocks = message["content"] if isinstance(message["content"], list) else []
        for block in blocks:
            if block["type"] == "tool_use":
                uses.append(block)
            elif block["type"] == "tool_result":
                results[block["tool_use_id"]] = block
    steps = []
    for use in uses:
        result = results.get(use["id"])
        text = text_of(result.get("content", "")) if result else None
        failed = bool(result and result.get("is_error"))
        steps.append(Step(use["name"], use["input"], text, failed))
    return steps
