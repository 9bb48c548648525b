"""Behavioural clones of services: good enough that real clients cannot tell. Know nothing of bot."""
