"""What every twin shares: a clock, ids, faults, a journal and one server."""
