"""Reactions to issues over REST, and what comments share with them."""

from twins.github.access import why_not
from twins.github.api import Call, Operation, Reply
from twins.github.bodies.basics import REACTIONS, reaction_body
from twins.github.problem import invalid, not_found
from twins.github.state import Reaction

ONE = "/repos/{owner}/{repo}/issues/{number}/reactions"


def operations() -> list[Operation]:
    """Return the table of routes."""
    return [
        Operation("GET", ONE, list_reactions),
        Operation("POST", ONE, react),
        Operation("DELETE", ONE + "/{reaction}", unreact),
    ]


def list_reactions(call: Call) -> Reply:
    """List the reactions to an issue."""
    return list_of(call, call.issue().reactions)


def react(call: Call) -> Reply:
    """React to an issue."""
    return add_reaction(call, call.issue().reactions)


def unreact(call: Call) -> Reply:
    """Take a reaction to an issue back."""
    return drop_reaction(call, call.issue().reactions)


def drop_reaction(call: Call, reactions: list[Reaction]) -> Reply:
    """Take a reaction back; only whoever gave it may."""
    one = next((one for one in reactions if one.id == call.number("reaction")), None)
    if one is None:
        raise not_found()
    if one.user is not call.user:
        raise why_not(call.actor)
    reactions.remove(one)
    return Reply(204)


def list_of(call: Call, reactions: list[Reaction]) -> Reply:
    """List reactions, of one kind when asked."""
    content = call.query("content")
    kept = [one for one in reactions if not content or one.content == content]
    return Reply(body=[reaction_body(call.links, one) for one in call.page(kept)])


def add_reaction(call: Call, reactions: list[Reaction]) -> Reply:
    """React once; the same reaction again is the same."""
    content = call.body().text("content")
    if content not in REACTIONS:
        raise invalid("Reaction", "content")
    for one in reactions:
        if one.user is call.user and one.content == content:
            return Reply(200, reaction_body(call.links, one))
    number = call.hub.number("reaction", 200_000_001)
    one = Reaction(number, call.user, content, call.hub.now())
    reactions.append(one)
    return Reply(201, reaction_body(call.links, one))
