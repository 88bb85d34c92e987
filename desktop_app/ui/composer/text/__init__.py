"""The text field of both prompts: keys, pasted and dropped content, spelling, height.

May import `ui.look`, `ui.widgets`, and dropped content and `/` prompts from `ui.composer`.
"""
