"""Memory in the window."""
