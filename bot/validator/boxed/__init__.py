"""Source that is sent into a box and never imported outside of one."""
