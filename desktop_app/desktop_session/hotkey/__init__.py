"""Keys from and to other programs: the global shortcut, and pasting into another window."""
