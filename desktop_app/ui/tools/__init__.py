"""Tools in the window: the question before a call.

May import `ui.look` and `ui.widgets`.
"""
