"""The desktop portal: its requests, the global shortcut, typing on Wayland.

May import what `session` may.
"""
