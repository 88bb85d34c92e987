"""keyboard."""
