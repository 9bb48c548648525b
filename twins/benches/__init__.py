"""What a twin costs, measured beside what nothing costs."""
