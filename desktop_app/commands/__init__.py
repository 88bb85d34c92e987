"""Every action as data: id, title, default shortcut.

May import domain and i18n.
"""
