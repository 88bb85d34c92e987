"""Groups of related fields: a key, an address, a network, a limit.

May import `ui.look`, `ui.widgets` and the collapsible section of `ui.settings`.
"""
