"""Tools in the window: their choice, the user's consent to calls, tool servers."""
