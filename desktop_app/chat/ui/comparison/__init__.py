"""Several answers to one question, side by side."""
