"""The main window: its panes, overlays, command palette and order of focus."""
