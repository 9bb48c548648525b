"""Code state: a bare git store that we own, and jj on top of it."""
