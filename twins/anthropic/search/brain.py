"""What the search brain does with a request: triage, coding, or an honest word that it cannot."""

from twins.anthropic.brains import JsonObject, Reply
from twins.anthropic.search.coder import Coder
from twins.anthropic.search.prompt import Prompt
from twins.anthropic.search.triage import judge

NOTHING_SPENT = {
    "input_tokens": 0,
    "output_tokens": 0,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
}
TOOLS = {"bash", "edit", "submit", "give_up"}
LABEL = "Search brain, not a language model."


class SearchBrain:
    """Stateless: everything is derived again from each request."""

    name = "search"
    models = ("nightshift-search-1",)
    counts_tokens = False

    def __init__(self, *, seed: int = 0, seconds: float = 25.0) -> None:
        self._coder = Coder(seed=seed, seconds=seconds)

    def reset(self) -> None:
        """There is nothing to forget."""

    def reply(self, request: JsonObject) -> Reply:
        """Answer one request."""
        prompt = Prompt.of(request)
        if prompt.properties is not None:
            if "decision" in prompt.properties:
                return _text(judge(prompt))
            return _cannot("It answers triage questions only; this schema is unknown to it.")
        if prompt.tools >= TOOLS:
            return Reply(tuple(self._coder.next_blocks(prompt)), usage=NOTHING_SPENT)
        if prompt.tools:
            return _cannot(f"It needs the tools {', '.join(sorted(TOOLS))}.")
        return _text(
            f"{LABEL} It cannot plan or explain in words. Given an issue with an example that"
            " fails and the tools of the coding loop, it searches for a small edit that makes the"
            " example hold while the visible tests stay green."
        )


def _text(text: str) -> Reply:
    return Reply(({"type": "text", "text": text},), usage=NOTHING_SPENT)


def _cannot(reason: str) -> Reply:
    details = {"type": "refusal", "category": None, "explanation": f"{LABEL} {reason}"}
    block = {"type": "text", "text": f"{LABEL} {reason}"}
    return Reply((block,), "refusal", details, usage=NOTHING_SPENT)
