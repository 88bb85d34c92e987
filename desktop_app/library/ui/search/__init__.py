"""The search in the conversation list: its field, filters and hits."""
