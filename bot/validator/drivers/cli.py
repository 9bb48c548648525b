"""Runs a product's command line: arguments and stdin in, exit status and bytes out."""

import asyncio
from typing import Any

from bot.errors import BoxUnavailable
from bot.validator.drivers.visit import Visit, decoded, ended
from bot.validator.observation import Ended, Observation
from bot.validator.scenario import Step
from bot.validator.template import as_text, fill, fill_text

_BROKEN = {Ended.TIMED_OUT, Ended.FLOODED}


async def drive(visit: Visit) -> dict[str, Observation]:
    """Take the steps in order, until one has to be ended by force."""
    seen: dict[str, Observation] = {}
    for step in visit.scenario.steps:
        match step.verb:
            case "write":
                await visit.write({step.body["path"]: step.body["text"]})
            case "wait":
                await asyncio.sleep(min(step.body["seconds"], visit.left))
            case _:
                seen[step.name] = await _run(visit, step)
                if seen[step.name].ended in _BROKEN:
                    break
    return seen


async def _run(visit: Visit, step: Step) -> Observation:
    """Run the product once."""
    body = step.body
    await visit.write(body["files"])
    done = await visit.box.run(
        [*visit.command, *[_argument(visit, argument) for argument in body["argv"]]],
        stdin=fill_text(body["stdin"], visit.names).encode(),
        env=visit.env | {key: fill_text(text, visit.names) for key, text in body["env"].items()},
        limits=visit.limits,
    )
    if not done.started:
        raise BoxUnavailable("a box did not start")
    texts = {"stdout": decoded(done.stdout), "stderr": decoded(done.stderr)}
    fields: dict[str, Any] = {name: text for name, text in texts.items() if text is not None}
    if done.exit_code is not None:
        fields["exit"] = done.exit_code
    end = ended(done.exit_code, done.stderr, timed_out=done.timed_out, truncated=done.truncated)
    return Observation(fields, end, done.wall_s)


def _argument(visit: Visit, argument: str | float) -> str:
    """Fill one argument; a number is written as it stands."""
    filled = fill(argument, visit.names)
    return filled if isinstance(filled, str) else as_text(filled)
