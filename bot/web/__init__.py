"""The HTTP face: webhook intake and pages."""
