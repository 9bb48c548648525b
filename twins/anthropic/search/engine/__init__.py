"""The repair engine: standard library only, so that its text can travel into a box.

`twins.anthropic.search.carrier` joins the modules of this package, in dependency order, into one
program. Inside the box that program reads its parameters, works on a private copy of the tree and
prints one JSON report. It knows no product and no world: all it has is the issue text, the
visible checks and the source.
"""
