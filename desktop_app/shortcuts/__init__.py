"""Every action as data: id, title, default shortcut."""

__all__ = ["command", "command_search", "keymap"]
