"""JSON bodies, one module per noun: pure functions from links and nouns to dicts."""
