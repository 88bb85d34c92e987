"""quick."""
