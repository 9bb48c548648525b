"""The server's parts, and the small stories that its flows share."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from bot import wire
from bot.adapters.engine import Engine, Retry
from bot.adapters.forge import Forge, Repository
from bot.adapters.store import Store
from bot.adapters.substrate.gitstore import BOT_EMAIL, GitStore
from bot.adapters.substrate.substrate import Substrate
from bot.domain.workflow import Workflow
from bot.errors import Tampered
from bot.policy.texts import RUN_TRAILER

T = TypeVar("T")

GITHUB_RETRY = Retry(attempts=80, first_s=2.0, longest_s=120.0)
"""The only retry layer of a step that talks to GitHub."""
GITHUB_STEP_S = 7200.0
"""Limits last up to an hour, outages often longer: what was built is not thrown away for them."""
SHOWING_RETRY = Retry(attempts=4, first_s=2.0, longest_s=30.0)
SHOWING_STEP_S = 300.0
"""Showing holds nothing up for long: the next state shows more, and the sweep shows every end."""


@dataclass(slots=True)
class Server:
    """Everything the server's flows use."""

    engine: Engine
    store: Store
    forge: Forge
    workflow: Workflow
    state: Path
    jj: Path
    verdict_key: str
    accept_tier_b: bool
    accept_uncalibrated: bool
    substrates: dict[str, Substrate] = field(default_factory=dict)
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def substrate(self, repo: str) -> Substrate:
        """Open the server's own store of one repository, once per process."""
        async with self.opening:  # two runs begin together: one makes the store
            if repo not in self.substrates:
                root = self.state / "repos" / repo.replace("/", "__")
                self.substrates[repo] = await Substrate.open(root, jj=self.jj)
        return self.substrates[repo]

    async def git(self, repo: str) -> GitStore:
        """Return the plain git side of that store."""
        return (await self.substrate(repo)).git

    async def fetch(self, repo: Repository) -> str:
        """Fetch the default branch; return its tip."""
        access = await self.forge.git_token(repo.full_name)
        git = await self.git(repo.full_name)
        token = access.token.get_secret_value()
        return await git.fetch(access.clone_url, repo.default_branch, token=token)

    async def tip(self, repo: str, branch: str) -> str | None:
        """Ask GitHub where a branch stands, through git and not through its cache."""
        access = await self.forge.git_token(repo)
        git = await self.git(repo)
        return await git.ls_remote(access.clone_url, branch, access.token.get_secret_value())

    async def push(
        self, repo: str, branch: str, commit: str, *, expect: str | None, forward: bool = False
    ) -> None:
        """Push one commit to one branch that must still stand where we saw it."""
        access = await self.forge.git_token(repo, push=True)
        git = await self.git(repo)
        await git.push(
            access.clone_url,
            branch,
            commit,
            token=access.token.get_secret_value(),
            expect=expect,
            forward=forward,
        )

    async def owns(self, repo: str, branch: str, tip: str) -> bool:
        """Whether a branch still holds a commit of ours.

        Our store knows what we made. Where it does not, after a rename or a lost disk, the commit's
        own words tell. It is fetched only then: what the store holds counts as ours ever after.
        """
        git = await self.git(repo)
        if await git.has(tip):
            return True
        committer, message = await self.forge.commit_facts(repo, tip)
        if committer != BOT_EMAIL or f"\n{RUN_TRAILER}" not in message:
            return False
        access = await self.forge.git_token(repo)
        fetched = await git.fetch(access.clone_url, branch, token=access.token.get_secret_value())
        return fetched == tip

    async def base_bundle(self, repo: str, base: str) -> str:
        """Store the history up to `base` as a blob; the digest of an equal one is the same."""
        return await self.store.put_blob(await (await self.git(repo)).bundle(base))


def answer_as(kind: type[T], answer: object) -> T:
    """Read what another role answered; anything else than the agreed shape was not its word."""
    try:
        return wire.load(kind, answer)
    except ValidationError:
        raise Tampered(
            f"the answer to a {kind.__name__} is not one",
            means="another program answered for a role, or the roles differ in version",
            remedy="run one version everywhere; find out who else can write to the database",
        ) from None


def nonce(*parts: object) -> str:
    """Derive a question's own name from what is recorded, so that a replay asks the same one."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()[:32]


def branch_of(issue: int) -> str:
    """Name the branch of an issue's pull request."""
    return f"nightshift/issue-{issue}"
