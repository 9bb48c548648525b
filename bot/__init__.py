"""Nightshift: a dark factory that turns issues into merged pull requests."""
