"""The help window: its chapters, its search, and the button that opens a section.

May import `ui.look`, `ui.widgets` and `ui.sidebar`.
"""
