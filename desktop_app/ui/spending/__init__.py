"""Tables and charts of spending.

May import `ui.look` and `ui.widgets`.
"""
