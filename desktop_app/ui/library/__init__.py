"""Dialogs for prompts, presets and collections.

May import `ui.look`, `ui.widgets` and the forms of `ui.settings`.
"""
