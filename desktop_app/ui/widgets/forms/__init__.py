"""Forms and dialogs, their fields and their tab order.

May import `ui.look` and `ui.widgets`.
"""
