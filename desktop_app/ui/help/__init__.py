"""The help window: its chapters, its search, and the button that opens a section.

May import `ui.look` and `ui.widgets`.
"""
