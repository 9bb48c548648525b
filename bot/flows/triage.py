"""Triage: one tool-less typed model call. Code decides what its answer does."""

from pydantic import BaseModel, ConfigDict, ValidationError

from bot.adapters.prompts import envelope
from bot.domain.work import TriageDecision, TriageReply, TriageRequest
from bot.flows.builder import Builder, Turn, text_of
from bot.policy.conversation import typed_body

SCHEMA = {
    "type": "object",
    "properties": {
        "decision": {"type": "string", "enum": [decision.value for decision in TriageDecision]},
        "clause": {"type": "string", "description": "one line of the mission, word for word"},
        "reason": {"type": "string"},
        "question": {"type": "string", "description": "for ask: the one missing answer"},
        "duplicate_of": {"type": ["integer", "null"]},
    },
    "required": ["decision", "clause", "reason", "question", "duplicate_of"],
    "additionalProperties": False,
}


_NEXT = (
    "Edit the issue to have it read again; if it stays so, raise `usd_per_issue` in mission.md or"
    " choose another model for triage in workflows/issue.yaml."
)


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    decision: TriageDecision
    clause: str
    reason: str
    question: str
    duplicate_of: int | None


async def triage(builder: Builder, request: TriageRequest) -> TriageReply:
    """Ask once; whatever is not a clean answer parks the issue, and is never an acceptance."""
    step = builder.workflow.triage
    body = typed_body(
        model=step.model.model or builder.model_id,
        effort=step.model.effort,
        max_tokens=step.max_tokens,
        system=builder.prompts.render("triage.system", {}),
        static=builder.prompts.render(
            "triage.static", {"base": request.base, "mission": request.mission.prose}
        ),
        question=builder.prompts.render(
            "triage.issue",
            {
                "issue": envelope(_told(request)),
                "neighbours": envelope(
                    [{"number": n.number, "title": n.title} for n in request.neighbours]
                ),
            },
        ),
        schema=SCHEMA,
    )
    limit = request.mission.limits.usd_per_issue
    turn = await builder.ask("model:triage", request.run_id, step, body, limit)
    if not turn.reply:
        return _parked(turn, "the budget of this issue does not cover a triage call")
    content = await builder.content(turn)
    return read_answer(turn, text_of(content), request)


def _told(request: TriageRequest) -> dict[str, object]:
    issue = request.issue
    return {
        "repo": issue.repo,
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "author": issue.author,
    }


def read_answer(turn: Turn, text: str, request: TriageRequest) -> TriageReply:
    """Turn the model's text into a reply; the cited clause must really stand in the mission."""
    if turn.stop_reason != "end_turn":
        return _parked(turn, f"the triage model stopped with `{turn.stop_reason}`")
    try:
        answer = _Answer.model_validate_json(text)
    except ValidationError:
        return _parked(turn, "the triage model's answer is not in the agreed form")
    if not _stands_in(answer.clause, request.mission.prose):
        return _parked(turn, "the triage model cited a clause that is not in the mission")
    known = {neighbour.number for neighbour in request.neighbours}
    if answer.decision is TriageDecision.DUPLICATE and answer.duplicate_of not in known:
        return _parked(turn, "the triage model named a duplicate that is not an open issue")
    return TriageReply(
        decision=answer.decision,
        clause=answer.clause.strip(),
        reason=answer.reason,
        question=answer.question,
        duplicate_of=answer.duplicate_of,
        model=turn.model,
        usage=turn.usage,
    )


def _stands_in(clause: str, prose: str) -> bool:
    wanted = " ".join(clause.split()).strip("-* ").casefold()
    return bool(wanted) and wanted in " ".join(prose.split()).casefold()


def _parked(turn: Turn, reason: str) -> TriageReply:
    """Leave the issue as it is, for a person to decide."""
    told = f"{reason}. {_NEXT}"
    return TriageReply(
        decision=TriageDecision.PARK, clause="", reason=told, model=turn.model, usage=turn.usage
    )
