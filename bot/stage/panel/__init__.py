"""The panel: coders of known honesty go through the real flow, and one table says what landed."""
