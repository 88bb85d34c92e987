"""The settings panel: its frame, forms, tabs and sections.

May import `ui.look` and `ui.widgets`.
"""
