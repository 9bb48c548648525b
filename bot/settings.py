"""Settings: one object per role, read once from the environment and handed down.

Nothing else in the package reads the environment. Every variable is `NIGHTSHIFT_<FIELD>`.
"""

import os
import re
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import SettingsError

_CODE = Path(__file__).resolve().parent.parent


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="NIGHTSHIFT_", extra="ignore", frozen=True)

    prompts: Path = Field(default=_CODE / "prompts", description="folder of the Jinja prompts")

    @classmethod
    def read(cls) -> Self:
        """Read the environment; a mistake names the variable."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors()[0]
            name = "NIGHTSHIFT_" + "_".join(str(part) for part in first["loc"]).upper()
            described = cls.model_fields.get(str(first["loc"][0]) if first["loc"] else "")
            raise SettingsError(
                f"{name}: {first['msg'].lower()}",
                means=(described.description or "") if described else "",
                remedy=f"set {name} in this role's environment",
            ) from None


class _Role(_Settings):
    state: Path = Field(description="this role's own folder (0700)")
    database_url: str = Field(description="sqlite:///FILE or postgresql://..., shared by the roles")
    host_name: str = Field(
        default="local", description="tells one machine's processes from another's"
    )
    workflows: Path = Field(default=_CODE / "workflows", description="folder of issue.yaml")
    poll_s: float = Field(default=0.25, gt=0, description="how often queues are looked at")


class _BoxRole(_Role):
    slots: int = Field(default=2, gt=0, description="boxes at the same time")
    box_uid: int = Field(
        default=60_800, ge=1000, description="first uid of this role's boxes; used as root only"
    )
    peer_box_uid: int = Field(
        default=60_860, ge=1000, description="first uid of the validator's boxes, on this machine"
    )
    launcher_fd: int = Field(default=-1, description="set by the supervisor: the launcher's socket")
    accept_tier_b: bool = Field(
        default=False, description="1 = run with a weaker box; production should not"
    )
    resolver_env: dict[str, str] = Field(
        default_factory=dict, description="JSON: variables handed to pip when wheels are resolved"
    )


class ServerSettings(_Role):
    """The role that talks to GitHub, and the only one that can write there."""

    listen_host: str = Field(default="127.0.0.1", description="address of the webhook server")
    listen_port: int = Field(default=8080, ge=0, le=65535, description="0 = any free port")
    pages_host: str = Field(default="127.0.0.1", description="address of the pages of runs")
    pages_port: int = Field(default=8081, ge=0, le=65535, description="0 = any free port")
    github_url: str = Field(default="https://api.github.com", description="REST base of the host")
    app_id: str = Field(description="the GitHub App's id or client id")

    @property
    def github_pages(self) -> str:
        """Return where people read what `github_url` serves to programs."""
        url = self.github_url.rstrip("/")
        if url == "https://api.github.com" or url.endswith(".ghe.com"):
            return url.replace("://api.", "://", 1)
        return url.removesuffix("/api/v3")

    app_key: SecretStr = Field(description="the App's private key, PEM")
    webhook_secret: SecretStr = Field(description="the App's webhook secret")
    webhook_secret_previous: SecretStr | None = Field(
        default=None, description="the old secret while it is being rotated"
    )
    verdict_key: str = Field(description="the validator's Ed25519 public key, hex")
    jj: Path = Field(default=Path("jj"), description="the jj program")
    concurrency: int = Field(default=2, gt=0, description="issues worked on at the same time")
    write_spacing_s: float = Field(default=1.0, ge=0, description="pause between GitHub writes")
    sweep_s: float = Field(default=900, gt=0, description="how often GitHub is read as a whole")
    accept_tier_b: bool = Field(
        default=False, description="1 = merge on verdicts of a weaker box; production should not"
    )
    accept_uncalibrated: bool = Field(
        default=False,
        description="1 = merge although no fault was ever seeded to measure the gate; a gate that "
        "was measured and found weak never merges",
    )


class BuilderSettings(_BoxRole):
    """The role that calls models and owns workspaces. It holds no GitHub credential."""

    jj: Path = Field(default=Path("jj"), description="the jj program")
    model: str = Field(
        default="claude-opus-5-5", description="model id, unless a workflow names one"
    )
    model_url: str = Field(
        default="https://api.anthropic.com", description="any endpoint of the Messages API"
    )
    model_key: SecretStr = Field(min_length=1, description="the key of that endpoint")
    outages: int = Field(
        default=20, ge=0, description="how often to wait out an outage (1 to 15 min each)"
    )


class JudgeSettings(_Settings):
    """Who judges the rubrics of scenarios; nobody unless a URL is set."""

    judge_url: str = Field(
        default="",
        pattern=r"^(https?://[^/\s]+\S*)?$",
        description="an endpoint of the Messages API that reads what hidden scenarios saw",
    )
    judge_key: SecretStr = Field(default=SecretStr(""), description="the key of that endpoint")
    judge_model: str = Field(
        default="",
        validate_default=True,
        description="model id at that endpoint; better not of the coder's family",
    )

    @field_validator("judge_model")
    @classmethod
    def _named(cls, model: str, info: ValidationInfo) -> str:
        if info.data.get("judge_url") and not model:
            raise ValueError("a judge at a url needs the id of its model")
        return model


def is_git_address(scenarios: str) -> bool:
    """Whether NIGHTSHIFT_SCENARIOS names a repository and no folder."""
    return scenarios.startswith(("https://", "http://", "ssh://", "file:///"))


class ValidatorSettings(_BoxRole, JudgeSettings):
    """The other side of the wall. It alone can read scenarios."""

    box_uid: int = Field(
        default=60_860, ge=1000, description="first uid of this role's boxes; used as root only"
    )
    peer_box_uid: int = Field(
        default=60_800, ge=1000, description="first uid of the builder's boxes, on this machine"
    )
    scenarios: str = Field(
        min_length=1,
        description="folder with one corpus per target repository (0700), or the address of a git "
        "repository that holds them: https://, ssh:// or file:///",
    )
    scenarios_ref: str = Field(default="main", description="branch of that repository")
    scenarios_token: SecretStr = Field(
        default=SecretStr(""), description="token that reads that repository over https"
    )
    scenarios_key: Path | None = Field(
        default=None,
        description="SSH key that reads it; the host's key stands in FILE.known_hosts",
    )

    @property
    def scenarios_folder(self) -> Path | None:
        """Return the folder of the scenarios; None when they come from a repository."""
        return None if is_git_address(self.scenarios) else Path(self.scenarios)

    corpus_budget: int = Field(
        default=100,
        ge=0,
        description="gate questions per repository until its corpus is rotated; 0 forbids all",
    )
    extra_runs: int = Field(
        default=400,
        ge=0,
        description="runs of one question beyond the first of each scenario; fewer are faster and "
        "see less wavering",
    )


_HANDED_DOWN = re.compile(
    r"PATH|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|PIP_[A-Z_]+"
    r"|(HTTPS?|NO|ALL)_PROXY|(https?|no|all)_proxy"
)


def handed_down() -> dict[str, str]:
    """Return the few variables of this process that describe the machine and no secret."""
    return {name: value for name, value in os.environ.items() if _HANDED_DOWN.fullmatch(name)}


def workflow_folder() -> Path:
    """Return the folder of the workflows that come with the code."""
    return _CODE / "workflows"


def has_screen() -> bool:
    """Whether a browser could show a window; a terminal's own would take over the terminal."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def anthropic_key() -> str:
    """Return ANTHROPIC_API_KEY, for `try --model anthropic`; empty when it is not set."""
    return os.environ.get("ANTHROPIC_API_KEY", "")
