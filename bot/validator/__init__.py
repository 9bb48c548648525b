"""The other side of the wall: hidden scenarios, drivers, scoring, signing."""
