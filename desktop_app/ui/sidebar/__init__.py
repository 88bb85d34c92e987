"""The conversation list: rows, search, filters, menus and their models.

May import `ui.look`, `ui.widgets` and dropped content from `ui.composer`.
"""
