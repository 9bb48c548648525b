"""The three roles: three processes, three sets of secrets, queues of their own."""

from enum import StrEnum


class Role(StrEnum):
    """Who does what: only the validator opens scenarios, only the server writes to GitHub."""

    SERVER = "server"
    BUILDER = "builder"
    VALIDATOR = "validator"

    @property
    def app(self) -> str:
        """The durable application's name: roles never claim each other's work."""
        return f"nightshift-{self.value}"


class Lane(StrEnum):
    """The durable queues."""

    ISSUE = "issue"
    """server: one workflow per run."""
    AGENT = "agent"
    """builder: triage and attempts."""
    VALIDATE = "validate"
    """validator: gate, sealed and train questions."""
    TRAIN = "train"
    """server: landings, one at a time per repository."""
