"""Buttons and controls of choice, for every window."""
