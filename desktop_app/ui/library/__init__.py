"""Dialogs for prompts, presets and collections.

May import `ui.look`, `ui.widgets`, `ui.composer`, the forms of `ui.settings` and the progress card
of `ui.window`.
"""
