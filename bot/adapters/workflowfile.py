"""Reads workflows/*.yaml: the loop definition and the price list."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from bot.domain.workflow import Bounds, ModelChoice, ModelStep, Price, Workflow
from bot.errors import SettingsError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Step(_Strict):
    prompt: str
    model: ModelChoice = Field(default_factory=ModelChoice)
    max_tokens: int = Field(gt=0)
    timeout_s: float = Field(gt=0)
    turns: int = Field(default=1, ge=0)

    @field_validator("model")
    @classmethod
    def _reachable(cls, model: ModelChoice) -> ModelChoice:
        parts = urlsplit(model.base_url)
        if model.base_url and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError(f"base_url: {model.base_url} is no http address")
        return model

    def noun(self) -> ModelStep:
        return ModelStep(self.prompt, self.model, self.max_tokens, self.timeout_s, self.turns)


class _Steps(_Strict):
    triage: _Step
    build: _Step


class _Limits(_Strict):
    attempts: int = Field(ge=0)
    usd_per_issue: float = Field(ge=0)
    usd_per_day: float = Field(ge=0)
    minutes: float = Field(ge=0)
    invalid_retries: int = Field(ge=0)
    train_rounds: int = Field(ge=0)


class _Gate(_Strict):
    threshold: float = Field(gt=0, le=1)
    timeout_s: float = Field(gt=0)


class _Box(_Strict):
    tool_timeout_s: float = Field(gt=0)
    check_timeout_s: float = Field(gt=0)


class _File(_Strict):
    name: str
    version: str
    steps: _Steps
    limits: _Limits
    gate: _Gate
    box: _Box


class _Prices(_Strict):
    version: str
    models: dict[str, Price]
    unlisted: Price


def _read(path: Path) -> object:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"cannot read {path.name}: {error.strerror}",
            remedy="point NIGHTSHIFT_WORKFLOWS at the folder that holds issue.yaml and prices.yaml",
        ) from None
    except yaml.YAMLError as error:
        raise SettingsError(
            f"{path.name} is no YAML: {error}", remedy="mend the line it names"
        ) from None


def _refuse(path: Path, error: ValidationError) -> SettingsError:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return SettingsError(
        f"{path.name}: `{place}`: {first['msg'].lower()}",
        remedy="compare with workflows/issue.yaml as it ships",
    )


def load_workflow(folder: Path, name: str = "issue") -> Workflow:
    """Read one loop definition; a mistake names its key."""
    path = folder / f"{name}.yaml"
    try:
        file = _File.model_validate(_read(path))
    except ValidationError as error:
        raise _refuse(path, error) from None
    return Workflow(
        name=file.name,
        version=file.version,
        triage=file.steps.triage.noun(),
        build=file.steps.build.noun(),
        bounds=Bounds(**file.limits.model_dump()),
        threshold=file.gate.threshold,
        check_timeout_s=file.box.check_timeout_s,
        tool_timeout_s=file.box.tool_timeout_s,
        validate_timeout_s=file.gate.timeout_s,
    )


@dataclass(frozen=True, slots=True)
class Prices:
    """Price per model id; an unlisted id costs as much as the dearest, never nothing."""

    listed: Mapping[str, Price]
    unlisted: Price

    def of(self, model: str) -> Price:
        """Return what a million tokens of each class cost."""
        return self.listed.get(model, self.unlisted)


def load_prices(folder: Path) -> Prices:
    """Read the price list."""
    path = folder / "prices.yaml"
    try:
        file = _Prices.model_validate(_read(path))
    except ValidationError as error:
        raise _refuse(path, error) from None
    return Prices(file.models, file.unlisted)
