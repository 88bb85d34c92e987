"""The help window: chapters, their text, and a filter.

May import `ui.look` and `ui.widgets`.
"""
