"""Widgets for every window, and the theme."""

__all__ = [
    "accessibility",
    "boxes",
    "buttons",
    "cards",
    "external_open",
    "file_dialogs",
    "flow_layout",
    "forms",
    "library_list",
    "look",
    "program_menu",
    "rows",
    "status_line",
    "text",
    "text_file",
    "wheel_steps",
    "window_activation",
]
