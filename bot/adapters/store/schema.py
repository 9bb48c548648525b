"""The tables of Nightshift itself, all with the prefix `ns_`."""

import sqlalchemy as sa

METADATA = sa.MetaData()


def _text(name: str, default: str | None = None) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _time(name: str) -> "sa.Column[float]":
    return sa.Column(name, sa.Double, nullable=False)


DELIVERIES = sa.Table(
    "ns_deliveries",
    METADATA,
    sa.Column("guid", sa.Text, primary_key=True),
    _text("event"),
    _text("action"),
    _text("repo"),
    sa.Column("body_gz", sa.LargeBinary, nullable=False),
    _time("received_at"),
    sa.Index("ns_deliveries_received", "received_at"),
)

SUBJECTS = sa.Table(
    "ns_subjects",
    METADATA,
    sa.Column("repo", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("dirty_seq", sa.Integer, nullable=False),
    sa.Column("done_seq", sa.Integer, nullable=False),
    _time("dirty_since"),
    _text("lease_owner"),
    _time("lease_until"),
    sa.Column("attempts", sa.Integer, nullable=False),
    _text("error", ""),
)

RUNS = sa.Table(
    "ns_runs",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    _text("repo"),
    sa.Column("issue", sa.Integer, nullable=False),
    _text("state"),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    _text("stop", ""),
    _text("data"),
    _time("created_at"),
    _time("updated_at"),
    sa.Index(
        "ns_runs_one_open",
        "repo",
        "issue",
        unique=True,
        sqlite_where=sa.text("open"),
        postgresql_where=sa.text("open"),
    ),
    sa.Index("ns_runs_by_repo", "repo", "created_at"),
)

EFFECTS = sa.Table(
    "ns_effects",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    _text("kind"),
    _text("args"),
    _text("state"),
    sa.Column("result", sa.Text),
    _time("created_at"),
    sa.Column("done_at", sa.Double),
)

BLOBS = sa.Table(
    "ns_blobs",
    METADATA,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
    _time("created_at"),
)

SPEND = sa.Table(
    "ns_spend",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    _text("run_id"),
    _text("day"),
    sa.Column("reserved_usd", sa.Double, nullable=False),
    sa.Column("spent_usd", sa.Double),
    _time("at"),
    sa.Index("ns_spend_by_run", "run_id"),
    sa.Index("ns_spend_by_day", "day"),
)

EVENTS = sa.Table(
    "ns_events",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    _text("run_id"),
    _time("at"),
    _text("kind"),
    _text("data"),
    sa.Index("ns_events_by_run", "run_id", "id"),
    sqlite_autoincrement=True,  # an id is never used twice, so `after` misses nothing
)

APPROVALS = sa.Table(
    "ns_approvals",
    METADATA,
    sa.Column("issue", sa.Text, primary_key=True),
    sa.Column("event", sa.BigInteger, primary_key=True),
    _text("revision"),
)

PAUSES = sa.Table(
    "ns_pauses",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    _text("why"),
    _time("at"),
)

LANDINGS = sa.Table(
    "ns_landings",
    METADATA,
    sa.Column("repo", sa.Text, primary_key=True),
    sa.Column("post", sa.Text, primary_key=True),
    _text("pre"),
    _text("tree"),
    _text("verdict"),
    _text("run_id"),
    _time("at"),
)
