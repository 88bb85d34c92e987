"""Roles, announcements and mnemonics, for those who use no mouse or see no screen.

May import `ui.look` and `ui.widgets`.
"""
