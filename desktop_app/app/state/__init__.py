"""What the controllers of a window share."""
