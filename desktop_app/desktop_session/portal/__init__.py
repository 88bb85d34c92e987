"""The desktop portal: its requests, the global shortcut, typing on Wayland."""
