"""Nightshift: a dark factory that turns issues into merged pull requests."""

__version__ = "0.1.0"
