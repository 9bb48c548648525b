"""A behavioural clone of GitHub: state first, webhooks derived from what changes."""
