"""The index of the full-text search over titles, messages and attachments."""
