"""The desktop portal: its requests, the global shortcut, typing on Wayland, the appearance.

May import what `session` may.
"""
