"""Cache counters against numbers worked out by hand.

A block of N characters of text costs ceil((N + overhead) / 4) tokens; the tests measure one block
with `estimate` and then only add and subtract.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from twins.anthropic.accounting import Input, PromptCache, blocks_of, estimate

Start = Callable[..., Awaitable[Any]]
FIVE = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}


def text(name: str, mark: dict[str, str] | None = None) -> dict[str, Any]:
    """Return a block of 4,000 characters."""
    block: dict[str, Any] = {"type": "text", "text": name * 4000}
    return block | ({"cache_control": mark} if mark else {})


def ask(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a request of one user message."""
    return {"model": "m", "messages": [{"role": "user", "content": list(blocks)}], **more}


ONE = estimate(["user", text("a")])


def test_no_mark_means_all_is_paid_in_full() -> None:
    """Without marks nothing is read or written, however often it is sent."""
    cache = PromptCache()
    for _ in range(2):
        assert cache.account(ask(text("a")), owner="k", now=0) == Input(ONE)


def test_first_written_then_read() -> None:
    """A marked prefix is written once and read afterwards; the tail is paid in full."""
    cache = PromptCache()
    request = ask(text("a", FIVE), text("b"))
    assert cache.account(request, owner="k", now=0) == Input(ONE, written_5m=ONE)
    assert cache.account(request, owner="k", now=1) == Input(ONE, read=ONE)


def test_five_minutes_and_an_hour_run_on_the_clock() -> None:
    """A 5 minute entry is gone after 300 s unless read in between; a 1 hour entry stays."""
    cache = PromptCache()
    short, long = ask(text("a", FIVE)), ask(text("b", HOUR))
    assert cache.account(long, owner="k", now=0).written_1h == ONE
    assert cache.account(short, owner="k", now=0).written_5m == ONE
    assert cache.account(short, owner="k", now=299).read == ONE
    assert cache.account(short, owner="k", now=598).read == ONE
    assert cache.account(short, owner="k", now=899).written_5m == ONE
    assert cache.account(long, owner="k", now=3599).read == ONE


def test_two_lifetimes_in_one_request() -> None:
    """What lies up to the 1 hour mark is written for an hour, the rest for five minutes."""
    cache = PromptCache()
    request = ask(text("a", HOUR), text("b"), text("c", FIVE))
    first = cache.account(request, owner="k", now=0)
    assert first == Input(0, written_1h=ONE, written_5m=2 * ONE)
    later = cache.account(request, owner="k", now=400)
    assert later == Input(0, read=ONE, written_5m=2 * ONE)


def test_the_automatic_mark_follows_the_end_of_a_conversation() -> None:
    """Each turn reads what the turn before wrote and writes only what is new."""
    cache = PromptCache()
    first = ask(text("a"), cache_control=FIVE)
    messages = [*first["messages"], {"role": "assistant", "content": [text("b")]},
                {"role": "user", "content": [text("c")]}]  # fmt: skip
    second = {**first, "messages": messages}
    answer = estimate(["assistant", text("b")])
    assert cache.account(first, owner="k", now=0) == Input(0, written_5m=ONE)
    assert cache.account(second, owner="k", now=1) == Input(0, read=ONE, written_5m=answer + ONE)


def test_tools_come_first_and_break_everything_behind_them() -> None:
    """A changed tool makes the whole prefix new; so does a changed order of keys."""
    cache = PromptCache()
    tool = {"name": "t", "input_schema": {"type": "object", "title": "x"}}
    swapped = {"name": "t", "input_schema": {"title": "x", "type": "object"}}
    assert cache.account(ask(text("a", FIVE), tools=[tool]), owner="k", now=0).read == 0
    assert cache.account(ask(text("a", FIVE), tools=[swapped]), owner="k", now=1).read == 0
    assert cache.account(ask(text("a", FIVE), tools=[tool]), owner="k", now=2).read > ONE


def test_owners_and_models_share_nothing() -> None:
    """Another key or model does not read what was written here."""
    cache = PromptCache()
    request = ask(text("a", FIVE))
    cache.account(request, owner="k", now=0)
    assert cache.account(request, owner="other", now=1).read == 0
    assert cache.account({**request, "model": "n"}, owner="k", now=1).read == 0


def test_a_short_prefix_is_not_cached_and_nothing_says_so() -> None:
    """Below the minimum the mark has no effect."""
    cache = PromptCache(minimum=ONE + 1)
    request = ask(text("a", FIVE))
    for now in (0, 1):
        assert cache.account(request, owner="k", now=now) == Input(ONE)


def test_looking_back_ends_after_twenty_blocks() -> None:
    """An entry 20 blocks before the next mark is not found any more; one closer is."""
    blocks = [text(chr(97 + index)) for index in range(21)]
    for extra, found in ((19, True), (20, False)):
        cache = PromptCache()
        cache.account(ask({**blocks[0], "cache_control": FIVE}), owner="k", now=0)
        tail = [*blocks[1:extra], {**blocks[extra], "cache_control": FIVE}]
        read = cache.account(ask(blocks[0], *tail), owner="k", now=1).read
        assert (read == ONE) is found


def test_marks_are_no_part_of_the_prefix() -> None:
    """Moving a mark changes no digest."""
    with_mark = list(blocks_of(ask(text("a", FIVE))))
    without = list(blocks_of(ask(text("a"))))
    assert with_mark[0].digest == without[0].digest


async def test_the_counters_reach_the_client_on_the_virtual_clock(start: Start) -> None:
    """Through the SDK: written, read, and written again after the clock moved past five minutes."""
    from twins.anthropic.script import ScriptBrain  # noqa: PLC0415

    twin = await start(ScriptBrain([{"reply": [{"text": "ok"}]}]))
    request = {**ask(text("a", FIVE)), "model": "claude-opus-5", "max_tokens": 9}
    first = (await twin.client.messages.create(**request)).usage
    second = (await twin.client.messages.create(**request)).usage
    await twin.admin("POST", "clock", {"advance": 301})
    third = (await twin.client.messages.create(**request)).usage
    assert first.cache_creation_input_tokens == second.cache_read_input_tokens == ONE
    assert third.cache_creation.ephemeral_5m_input_tokens == ONE
