"""Groups of related fields: a key, an address, a network, a limit.

May import the form widgets of `ui.settings`.
"""
