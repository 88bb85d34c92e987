"""The window in the desktop: tray, notifications, start at login, menu entry."""
