"""Behavioural clones of services, good enough that real clients cannot tell. No bot in here."""
