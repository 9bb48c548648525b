"""What the shed shows: plain data for the command line and the web service alike."""

from datetime import date
from decimal import Decimal

from toolshed import days, terms
from toolshed.shed import Shed
from toolshed.state import Loan

Row = dict[str, object]


def inventory(shed: Shed, on: str, category: str = "") -> list[Row]:
    """List the tools, what they are and where they are on a day."""
    day = days.parse(on)
    wanted = terms.check_category(category) if category else ""
    return [
        {
            "tool": tool.number,
            "name": tool.name,
            "category": tool.category,
            "value": str(tool.value),
            "status": _status(shed, tool.number, day),
            "waiting": len(tool.waiting),
        }
        for tool in shed.state.tools.values()
        if wanted in {"", tool.category}
    ]


def _status(shed: Shed, number: str, day: date) -> str:
    loan = shed.tool(number).loan
    if loan is not None:
        return f"overdue since {loan.due}" if day > loan.due else f"out until {loan.due}"
    holder = shed.holder(number, day)
    return f"kept for {holder}" if holder else "in"


def account(shed: Shed, member: str) -> Row:
    """Show what a member has, waits for and owes."""
    who = shed.member(member)
    return {
        "member": who.number,
        "name": who.name,
        "kind": who.kind,
        "loans": [{"tool": loan.tool, "due": str(loan.due)} for loan in shed.borrowed(who.number)],
        "free": terms.LIMITS[who.kind] - len(shed.borrowed(who.number)),
        "waits": [{"tool": tool, "since": str(on)} for tool, on in shed.waits(who.number)],
        "owes": str(who.owes),
    }


def statement(shed: Shed, member: str) -> list[Row]:
    """List a member's account in the order of the days, with the balance after every line."""
    balance = Decimal("0.00")
    rows: list[Row] = []
    for entry in sorted(shed.member(member).entries, key=lambda entry: entry.on):
        balance += entry.amount
        rows.append(
            {
                "on": str(entry.on),
                "text": entry.text,
                "amount": str(entry.amount),
                "balance": str(balance),
            }
        )
    return rows


def overdue(shed: Shed, on: str) -> list[Row]:
    """List what should be back by now, the longest overdue first, with the fee so far."""
    day = days.parse(on)
    late = [loan for loan in shed.state.loans if loan.due < day]
    return [_overdue(shed, loan, day) for loan in sorted(late, key=lambda loan: loan.due)]


def _overdue(shed: Shed, loan: Loan, day: date) -> Row:
    tool, who = shed.tool(loan.tool), shed.member(loan.member)
    late = days.days_late(loan.due, day)
    return {
        "tool": tool.number,
        "name": tool.name,
        "member": who.number,
        "due": str(loan.due),
        "late": late,
        "fee": str(terms.late_fee(tool.value, late, who.kind)),
    }
