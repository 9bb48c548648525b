"""The stage: the twins and the three roles on loopback, for `demo` and `try`.

Only this package, of all of bot, knows the twins.
"""
