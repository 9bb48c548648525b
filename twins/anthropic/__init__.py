"""A Messages API on loopback: the wire of SDK 2.10, three brains, no language model.

What it models: `POST /v1/messages` (plain and streamed), `count_tokens`, the model list, errors,
prompt-cache accounting over real prefixes on a clock that tests can move, planned faults, and a
journal that keeps every request body whole. What it does not: batches, files, server-side tools,
the beta surface. A route it does not model answers 501 and is written down as unmodelled.
"""
