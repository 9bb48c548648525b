"""Tools that Nightshift needs and pip cannot install: jj and the sandbox."""
