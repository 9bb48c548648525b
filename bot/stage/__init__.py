"""The stage: the twins and the three roles on loopback, for `demo`, `try` and `panel`.

Only this package, of all of bot, knows the twins.
"""
