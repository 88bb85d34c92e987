"""The store: conversations, attachments, settings and what was spent, in SQLite and files."""
