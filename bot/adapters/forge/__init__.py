"""GitHub through its REST API, as nouns and typed errors. The only importer of gidgethub.

No call ever sleeps for a limit or retries a failure: `RateLimited` and `Unavailable` carry the
time, and the one retry layer of the engine comes back. A write that ended in `Unavailable` may have
happened: look before repeating it.
"""

from bot.adapters.forge.forge import Forge
from bot.adapters.forge.nouns import (
    AppIdentity,
    CheckRun,
    CheckText,
    Comment,
    GitAccess,
    HookDelivery,
    Installation,
    Permission,
    Pull,
    Repository,
)

__all__ = [
    "AppIdentity",
    "CheckRun",
    "CheckText",
    "Comment",
    "Forge",
    "GitAccess",
    "HookDelivery",
    "Installation",
    "Permission",
    "Pull",
    "Repository",
]
