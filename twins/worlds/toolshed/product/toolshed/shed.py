"""The desk of the shed: each method is one thing that happens there, or a reason why not."""

from datetime import date
from pathlib import Path

from toolshed import days, money, terms
from toolshed.journal import Event, Journal
from toolshed.state import Loan, Member, State, Tool


class Refused(ValueError):
    """The terms of the shed do not allow it."""


class Unknown(ValueError):
    """There is no such tool or member."""


class Shed:
    """A shed that starts again from its journal, or an empty one without any."""

    def __init__(self, journal: str | Path | None = None) -> None:
        self.journal = Journal(None if journal is None else Path(journal))
        self.state = State()
        for number, event in enumerate(self.journal.read(), 1):
            try:
                self.state.apply(event)
            except (LookupError, ValueError, ArithmeticError):
                raise ValueError(f"{self.journal.path}: line {number} does not fit") from None

    # ---- who and what

    def join(self, name: str, on: str, kind: str = "regular") -> str:
        """Welcome a member; return the new number."""
        number = f"M{len(self.state.members) + 1}"
        day = days.parse(on).isoformat()
        self._happens(
            "joined", member=number, name=_named(name), kind=terms.check_kind(kind), on=day
        )
        return number

    def add(self, name: str, category: str, value: str) -> str:
        """Put a tool into the shed; return its number."""
        number = f"T{len(self.state.tools) + 1}"
        kept = terms.check_category(category)
        worth = str(money.amount(value))
        self._happens("added", tool=number, name=_named(name), category=kept, value=worth)
        return number

    def tool(self, number: str) -> Tool:
        """Look a tool up."""
        found = self.state.tools.get(number.strip().upper())
        if found is None:
            raise Unknown(f"there is no tool {number}")
        return found

    def member(self, number: str) -> Member:
        """Look a member up."""
        found = self.state.members.get(number.strip().upper())
        if found is None:
            raise Unknown(f"there is no member {number}")
        return found

    def borrowed(self, member: str) -> list[Loan]:
        """List what a member has, in the order of the due days."""
        mine = [loan for loan in self.state.loans if loan.member == member]
        return sorted(mine, key=lambda loan: loan.due)

    # ---- loans

    def lend(self, tool: str, member: str, on: str) -> dict[str, str]:
        """Hand a tool out; return the loan."""
        what, who, day = self.tool(tool), self.member(member), days.parse(on)
        _check_open(day)
        if what.loan is not None:
            raise Refused(f"{what.number} is out until {what.loan.due}")
        if who.owes >= terms.CREDIT:
            raise Refused(f"{who.number} owes {who.owes} and has to pay first")
        if len(self.borrowed(who.number)) >= terms.LIMITS[who.kind]:
            raise Refused(f"{who.number} has {terms.LIMITS[who.kind]} tools already")
        first = self.holder(what.number, day)
        if first and first != who.number:
            raise Refused(f"{what.number} is kept for {first}")
        until = terms.due_date(what.category, day).isoformat()
        loan = {"tool": what.number, "member": who.number, "on": day.isoformat(), "due": until}
        self._happens("lent", **loan)
        return loan

    def renew(self, tool: str, on: str) -> str:
        """Lend a tool for longer, counted from its due day; return the new due day."""
        what, day = self.tool(tool), days.parse(on)
        loan = _loan_of(what)
        if day > loan.due:
            raise Refused(f"{what.number} was due on {loan.due}, it has to come back first")
        if what.waiting:
            raise Refused(f"somebody waits for {what.number}")
        if loan.renewals >= terms.RENEWALS:
            raise Refused(f"{what.number} was renewed {terms.RENEWALS} times already")
        until = terms.due_date(what.category, loan.due).isoformat()
        self._happens("renewed", tool=what.number, on=day.isoformat(), due=until)
        return until

    def give_back(self, tool: str, on: str) -> str:
        """Take a tool back; return the fee for being late, `0.00` for none."""
        what, day = self.tool(tool), days.parse(on)
        loan = _loan_of(what)
        if day < loan.out:
            raise Refused(f"{what.number} was lent on {loan.out}, after {day}")
        late = days.days_late(loan.due, day)
        fee = terms.late_fee(what.value, late, self.member(loan.member).kind)
        self._happens("returned", tool=what.number, on=day.isoformat(), fee=str(fee))
        return str(fee)

    # ---- reservations

    def reserve(self, tool: str, member: str, on: str) -> int:
        """Let a member wait for a tool that is out; return the place in the queue."""
        what, who, day = self.tool(tool), self.member(member), days.parse(on)
        if _loan_of(what).member == who.number:
            raise Refused(f"{who.number} has {what.number} already")
        if who.number in self.queue(what.number):
            raise Refused(f"{who.number} waits for {what.number} already")
        if len(self.waits(who.number)) >= terms.RESERVATIONS:
            raise Refused(f"{who.number} waits for {terms.RESERVATIONS} tools already")
        self._happens("reserved", tool=what.number, member=who.number, on=day.isoformat())
        return self.queue(what.number).index(who.number) + 1

    def cancel(self, tool: str, member: str) -> None:
        """Let a member wait no longer."""
        what, who = self.tool(tool), self.member(member)
        if who.number not in self.queue(what.number):
            raise Refused(f"{who.number} does not wait for {what.number}")
        self._happens("cancelled", tool=what.number, member=who.number)

    def queue(self, tool: str) -> list[str]:
        """List who waits for a tool; who asked first comes first, whenever it was entered."""
        waiting = sorted(self.tool(tool).waiting, key=lambda wait: wait.member)
        return [wait.member for wait in waiting]

    def waits(self, member: str) -> list[tuple[str, date]]:
        """List the tools that a member waits for, and since when."""
        return [
            (tool.number, wait.on)
            for tool in self.state.tools.values()
            for wait in tool.waiting
            if wait.member == member
        ]

    def holder(self, tool: str, day: date) -> str:
        """Name the member for whom a returned tool is kept; each one has some days to come."""
        what = self.tool(tool)
        if what.loan is not None or what.returned is None or not what.waiting:
            return ""
        queue, turn = self.queue(tool), (day - what.returned).days // terms.HOLD_DAYS
        return queue[turn] if 0 <= turn < len(queue) else ""

    # ---- money

    def charge(self, member: str, amount: str, reason: str, on: str) -> str:
        """Charge a member for something, such as a lost blade; return what is owed now."""
        return self._book("charged", member, amount, on, reason=_named(reason))

    def pay(self, member: str, amount: str, on: str) -> str:
        """Take money from a member, at most what is owed; return what is still owed."""
        who = self.member(member)
        if money.amount(amount) > who.owes:
            raise Refused(f"{who.number} owes no more than {who.owes}")
        return self._book("paid", member, amount, on)

    def _book(self, event: str, member: str, amount: str, on: str, **more: str) -> str:
        who, sum_ = self.member(member), money.amount(amount)
        if not sum_:
            raise ValueError("an amount is more than nothing")
        day = days.parse(on).isoformat()
        self._happens(event, member=who.number, amount=str(sum_), **more, on=day)
        return str(who.owes)

    def _happens(self, event: str, **details: str) -> None:
        """Write an event down, then let it happen."""
        line: Event = {"event": event, **details}
        self.journal.append(line)
        self.state.apply(line)


def _named(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise ValueError("a name is more than nothing")
    return name


def _check_open(day: date) -> None:
    if not days.is_open(day):
        raise Refused(f"the shed is closed on {day}")


def _loan_of(tool: Tool) -> Loan:
    if tool.loan is None:
        raise Refused(f"{tool.number} is not out")
    return tool.loan
