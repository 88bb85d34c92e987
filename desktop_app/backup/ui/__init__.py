"""Backup, restore and expiry in the window."""
