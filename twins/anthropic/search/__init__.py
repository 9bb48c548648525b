"""The search brain: a coder that searches instead of thinking. It is no language model.

It answers Messages requests from what they contain and from nothing else: no state between
requests, no knowledge of any product, no canned patches. Triage weighs the words of an issue
against the bullets of a mission. Coding sends a search-based program-repair engine into the box
as one ordinary tool call, submits its best patch, and on a refusal the next one that behaves
differently.

Limits, said plainly: it repairs slips of one or two small edits in Python for which the issue or
a failing test gives an example. It cannot build features, read intent or judge quality. Where the
visible examples are weak its patches fit the examples and miss the point; the hidden gate is
there to notice. Token counts are 0; its cost is CPU seconds.
"""
