"""The only modules that touch the world: one folder or file per outside thing."""
