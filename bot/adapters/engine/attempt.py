"""Run a step's body inside its time, with its retries, and always come back with an envelope."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.adapters.engine.outcome import Json, broken, error_envelope, opened, value_envelope
from bot.adapters.engine.settings import Retry
from bot.errors import NightshiftError, Retryable, Unavailable

T = TypeVar("T")

log = logging.getLogger(__name__)


async def attempt(
    name: str,
    body: Callable[[], Awaitable[T]],
    *,
    kind: type[T],
    timeout_s: float,
    retry: Retry | None,
) -> Json:
    """Return the body's value or error as data; only a cancellation passes through."""
    limit = asyncio.timeout(timeout_s)
    try:
        async with limit:
            return await _repeat(body, kind, retry or Retry(attempts=1), limit.when())
    except TimeoutError as error:
        if limit.expired():
            return error_envelope(
                Unavailable(
                    f"{name} took longer than {timeout_s:g} s", remedy="it may succeed later"
                )
            )
        return error_envelope(broken(name, error))
    except NightshiftError as error:
        return error_envelope(error)
    except Exception as error:
        # A checkpointed step must end the same way live and on replay, whatever it raised.
        log.exception("step %s broke", name)
        return error_envelope(broken(name, error))


async def _repeat(
    body: Callable[[], Awaitable[T]], kind: type[T], retry: Retry, until: float | None
) -> Json:
    for number in range(1, retry.attempts + 1):
        try:
            envelope = value_envelope(await body())
            opened(kind, envelope)  # a value of the wrong shape must fail now, not on replay
        except Retryable as error:
            pause = retry.pause(number)
            if error.retry_at is not None:
                pause = max(pause, error.retry_at - time.time())
            left = 0.0 if until is None else until - asyncio.get_running_loop().time()
            if number == retry.attempts or pause >= left:
                raise
            log.info("attempt %d: %s; again in %.1f s", number, error.what, pause)
            await asyncio.sleep(pause)
        else:
            return envelope
    raise NightshiftError("a step was given no attempts")
