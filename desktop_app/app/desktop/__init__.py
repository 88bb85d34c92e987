"""The desktop: later starts, tray, global shortcut, notifications, start at login, closing.

`window_request` and `single_instance` run before Qt is loaded, and import only light modules.
Of the other features the package imports `answers` and `startup`.
"""
