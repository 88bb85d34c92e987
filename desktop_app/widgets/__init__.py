"""Widgets for every window, and the theme."""

__all__ = [
    "accessible_roles",
    "announcements",
    "boxes",
    "buttons",
    "cards",
    "empty_page",
    "external_open",
    "file_dialogs",
    "forms",
    "input_method",
    "key_modifiers",
    "library_list",
    "look",
    "program_menu",
    "rows",
    "side_by_side",
    "status_line",
    "text",
    "wheel_steps",
    "windows",
]
