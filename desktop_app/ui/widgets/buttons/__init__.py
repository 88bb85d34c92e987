"""Buttons and controls of choice, for every window.

May import `ui.look` and `ui.widgets`.
"""
