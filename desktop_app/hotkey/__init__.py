"""The global shortcut: keys that open the quick prompt while another program has the focus.

Knows no Qt. May import domain and commands.
"""
