"""The window on the desktop: tray, notifications, calls of later starts, closing."""
