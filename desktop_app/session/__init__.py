"""The desktop session: bus, portal, notifications, tray, sleep, start at login, spelling.

Knows no Qt. May import domain, paths, child_processes, commands and hotkey.
"""
