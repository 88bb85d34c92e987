"""The dialog of collections, and their use in a prompt."""
