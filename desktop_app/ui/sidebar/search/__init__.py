"""The search in the conversation list: its field, filters and hits.

May import `ui.look`, `ui.widgets` and the date groups of `ui.sidebar.rows`.
"""
