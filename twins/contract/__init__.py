"""What GitHub has published about its own shapes, fetched once and turned into validators."""
