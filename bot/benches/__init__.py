"""What things cost on this machine: shown to people, never judged by a test."""
