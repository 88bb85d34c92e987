"""The help: its chapters, and the window that opens them at the section that fits the focus."""
