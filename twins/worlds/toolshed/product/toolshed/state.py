"""What the shed knows: tools, members, loans. It changes by events alone, live and on replay."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from toolshed.journal import Event


@dataclass
class Loan:
    """One tool in the hands of one member."""

    tool: str
    member: str
    out: date
    due: date
    renewals: int = 0


@dataclass(frozen=True)
class Wait:
    """A member who waits for a tool since a day."""

    member: str
    on: date


@dataclass
class Tool:
    """A tool, whether it is out, and who waits for it."""

    number: str
    name: str
    category: str
    value: Decimal
    loan: Loan | None = None
    returned: date | None = None
    waiting: list[Wait] = field(default_factory=list)


@dataclass(frozen=True)
class Entry:
    """One line of a member's account: positive is owed, negative was paid."""

    on: date
    text: str
    amount: Decimal


@dataclass
class Member:
    """A member and the member's account."""

    number: str
    name: str
    kind: str
    joined: date
    entries: list[Entry] = field(default_factory=list)

    @property
    def owes(self) -> Decimal:
        """The sum of the account."""
        return sum((entry.amount for entry in self.entries), Decimal("0.00"))


class State:
    """All tools and members, as the events so far have left them."""

    def __init__(self) -> None:
        self.tools: dict[str, Tool] = {}
        self.members: dict[str, Member] = {}

    @property
    def loans(self) -> list[Loan]:
        """Every loan that is open now, in the order of the tools."""
        return [tool.loan for tool in self.tools.values() if tool.loan is not None]

    def apply(self, event: Event) -> None:
        """Let one event happen."""
        {
            "joined": self._joined,
            "added": self._added,
            "lent": self._lent,
            "renewed": self._renewed,
            "returned": self._returned,
            "reserved": self._reserved,
            "cancelled": self._cancelled,
            "charged": self._charged,
            "paid": self._paid,
        }[event["event"]](event)

    def _joined(self, event: Event) -> None:
        number, joined = event["member"], date.fromisoformat(event["on"])
        self.members[number] = Member(number, event["name"], event["kind"], joined)

    def _added(self, event: Event) -> None:
        number, value = event["tool"], Decimal(event["value"])
        self.tools[number] = Tool(number, event["name"], event["category"], value)

    def _lent(self, event: Event) -> None:
        tool, member = self.tools[event["tool"]], event["member"]
        out, due = date.fromisoformat(event["on"]), date.fromisoformat(event["due"])
        tool.loan = Loan(tool.number, member, out, due)
        self._cancelled(event)

    def _renewed(self, event: Event) -> None:
        loan = self.tools[event["tool"]].loan
        if loan is not None:
            loan.due = date.fromisoformat(event["due"])
            loan.renewals += 1

    def _returned(self, event: Event) -> None:
        tool, on = self.tools[event["tool"]], date.fromisoformat(event["on"])
        fee = Decimal(event["fee"])
        if fee and tool.loan is not None:
            entry = Entry(on, f"{tool.name} came back late", fee)
            self.members[tool.loan.member].entries.append(entry)
        tool.loan, tool.returned = None, on

    def _reserved(self, event: Event) -> None:
        wait = Wait(event["member"], date.fromisoformat(event["on"]))
        self.tools[event["tool"]].waiting.append(wait)

    def _cancelled(self, event: Event) -> None:
        tool = self.tools[event["tool"]]
        tool.waiting = [wait for wait in tool.waiting if wait.member != event["member"]]

    def _charged(self, event: Event) -> None:
        entry = Entry(date.fromisoformat(event["on"]), event["reason"], Decimal(event["amount"]))
        self.members[event["member"]].entries.append(entry)

    def _paid(self, event: Event) -> None:
        entry = Entry(date.fromisoformat(event["on"]), "paid", -Decimal(event["amount"]))
        self.members[event["member"]].entries.append(entry)
