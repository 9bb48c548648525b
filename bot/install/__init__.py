"""Installing the App: `setup` makes it, `init` prepares a repository. Both talk to GitHub once."""
