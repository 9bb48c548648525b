"""Shows runs as they go: a live table on a terminal, plain lines everywhere else."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from bot.adapters.store import Event, Store
from bot.domain.run import Run
from bot.stage.summary import Timing, outcome_cell, satisfaction_cell


def shortened(text: str, limit: int) -> str:
    """Cut a text at a word, and show that it was cut."""
    return text if len(text) <= limit else f"{text[:limit].rsplit(' ', 1)[0]} ..."


class Show:
    """Everything that a person sees while runs are under way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.time()
        self._seen = 0
        self._queued: dict[str, float] = {}
        self._first: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self.order: list[int] = []
        """Issue numbers in the order in which their runs were started."""
        self._live: Live | None = None

    def say(self, text: str) -> None:
        """Print one line with the seconds since the start."""
        seconds = f"[dim]{time.time() - self._began:6.1f} s[/]"
        self._console.print(f"{seconds}  {escape(text)}", highlight=False)

    async def refresh(self, store: Store, runs: Sequence[Run]) -> None:
        """Show what is new."""
        for event in await store.events(self._seen):
            self._seen = event.id
            self._hear(event)
        if self._console.is_terminal:
            if self._live is None:
                self._live = Live(console=self._console, refresh_per_second=4, transient=True)
                self._live.start()
            self._live.update(self.table(runs))

    def stop(self) -> None:
        """End the live display."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def timing(self, run: Run) -> Timing:
        """Return how long a run waited and how long it took."""
        queued = self._queued.get(run.id, self._began)
        began = self._first.get(run.id, queued)
        return Timing(began - queued, self._last.get(run.id, began) - began)

    def table(self, runs: Sequence[Run]) -> Table:
        """Build the table of all runs."""
        table = Table(title=None, title_justify="left")
        for name in ("issue", "priority", "outcome", "attempts", "satisfaction", "cost", "seconds"):
            table.add_column(name, justify="right" if name in {"attempts", "seconds"} else "left")
        for run in sorted(runs, key=lambda r: r.issue.number):
            cost = f"${run.usage.usd:.2f}, {run.usage.cpu_seconds:.0f} CPU s"
            table.add_row(
                escape(f"#{run.issue.number} {shortened(run.issue.title, 52)}"),
                run.priority.name,
                outcome_cell(run) if run.state.ended else f"[dim]{run.state.value}[/]",
                str(len(run.attempts)),
                satisfaction_cell(run) if run.state.ended else "",
                cost,
                f"{self.timing(run).total:.0f}",
            )
        return table

    def _hear(self, event: Event) -> None:
        if event.kind == "queued":
            self._queued.setdefault(event.run_id, event.at)
        else:
            self._first.setdefault(event.run_id, event.at)
        self._last[event.run_id] = event.at
        data = event.data if isinstance(event.data, dict) else {}
        number = int(str(event.run_id).rpartition("#")[2].partition("@")[0])
        if event.kind == "triaging" and number not in self.order:
            self.order.append(number)
        told = " ".join(str(data.get("told", "")).split())
        self.say(f"#{number:<3} {event.kind:<11} {told}")
