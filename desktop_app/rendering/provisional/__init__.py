"""provisional."""
