"""Decisions: pure functions from nouns to nouns or lists of actions."""
