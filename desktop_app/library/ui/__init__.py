"""The conversation list: rows, filters, menus, folders, trash, and what opens a conversation."""
