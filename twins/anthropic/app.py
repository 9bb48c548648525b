"""The whole twin as one application."""

from aiohttp import web

from twins.anthropic.accounting import PromptCache
from twins.anthropic.api import MessagesApi
from twins.anthropic.brains import Brain
from twins.core.core import Core
from twins.core.journal import Journal
from twins.core.server import make_app


def make_twin(
    brain: Brain, *, key: str = "", seed: int = 0, minimum_cacheable: int = 512
) -> web.Application:
    """Return a Messages API with this brain; an empty key accepts any."""
    # Bodies stay whole: canary tests look for secrets in everything that a model was sent.
    core = Core("anthropic-twin", journal=Journal(body_limit=None))
    core.ids.seed = seed
    core.ids.reset()
    api = MessagesApi(core, brain, key, PromptCache(minimum_cacheable))

    async def reset() -> None:
        brain.reset()
        api.cache.clear()

    return make_app(core, routes=api.routes(), on_reset=reset, middlewares=[api.guard])
