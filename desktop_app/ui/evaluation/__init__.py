"""The dialog of evaluations.

May import `ui.look` and `ui.widgets`.
"""
