"""Joins the validator's judge to a model: the validator itself knows no model and no prompt."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from bot.adapters.prompts import Prompts, envelope
from bot.domain.workflow import Price
from bot.errors import Retryable, Unavailable
from bot.policy.conversation import typed_body
from bot.settings import JudgeSettings
from bot.validator.rubric import SCHEMA, Judge, ModelJudge, Nobody

if TYPE_CHECKING:
    from bot.adapters.model import Model

_EFFORT = "medium"
_MAX_TOKENS = 4000
_CALL_S = 120.0
_PAUSES_S = (2.0, 8.0)
_UNMETERED = Price(0, 0, 0, 0, 0)
"""The judge's endpoint is the scenario owner's; no issue pays for it."""


@contextlib.asynccontextmanager
async def open_judge(settings: JudgeSettings) -> AsyncIterator[Judge]:
    """Give the judge that the settings name, or nobody."""
    if not settings.judge_url:
        yield Nobody()
        return
    from bot.adapters.model import Model  # noqa: PLC0415  most validators have no judge

    key = settings.judge_key.get_secret_value() or "none"
    model = Model(url=settings.judge_url, key=key, timeout_s=_CALL_S)
    prompts = Prompts(settings.prompts)
    system = prompts.render("judge.system", {})

    async def ask(question: Mapping[str, Any]) -> str:
        body = typed_body(
            model=settings.judge_model,
            effort=_EFFORT,
            max_tokens=_MAX_TOKENS,
            system=system,
            static=prompts.render("judge.static", {"story": envelope(question["story"])}),
            question=prompts.render(
                "judge.question",
                {key: envelope(question[key]) for key in ("statement", "observations")},
            ),
            schema=SCHEMA,
        )
        return await _answer(model, body)

    try:
        yield ModelJudge(ask)
    finally:
        await model.close()


async def _answer(model: "Model", body: Mapping[str, Any]) -> str:
    """Call, and call again a little later when the endpoint only asks for patience."""
    for pause in (*_PAUSES_S, None):
        try:
            reply = await model.call(body, price=_UNMETERED, timeout_s=_CALL_S)
        except Retryable:
            if pause is None:
                raise
            await asyncio.sleep(pause)
        else:
            if reply.stop_reason != "end_turn":
                raise Unavailable(f"the judge stopped early: {reply.stop_reason}")
            return reply.text
    raise Unavailable("the judge does not answer")
