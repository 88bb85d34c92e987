"""Roles, announcements and mnemonics, for use without a mouse or a screen.

May import `ui.look` and `ui.widgets`.
"""
