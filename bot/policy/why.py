"""Why a person's doing ends a run."""

from enum import StrEnum


class Why(StrEnum):
    """Why a person's doing ends a run; also the run's reason."""

    GONE = "issue-gone"
    REPOSITORY_GONE = "repository-gone"
    ARCHIVED = "repository-archived"
    CLOSED = "issue-closed"
    UNLABELLED = "unlabelled"
    STOP_LABEL = "stop-label"
    HUMAN_COMMIT = "human-commit"
    PULL_CLOSED = "pull-closed"
    RETARGETED = "pull-retargeted"
