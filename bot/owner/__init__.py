"""The tools of the person who owns the scenarios: a composition root beside the roles."""
