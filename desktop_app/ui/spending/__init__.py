"""Tables of what was spent.

May import `ui.look` and `ui.widgets`.
"""
