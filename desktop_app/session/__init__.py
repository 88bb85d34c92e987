"""The user's desktop session: its message bus, its portal, and the start at login.

Knows no Qt. May import domain, paths, child_processes, commands and hotkey.
"""
