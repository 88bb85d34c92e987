"""Roles, announcements and mnemonics, for use without a mouse or a screen."""
