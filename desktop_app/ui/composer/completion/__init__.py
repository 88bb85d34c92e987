"""Completion of `/` prompts: the list, the form for variables, the mark of the prompt used.

May import `ui.look`, `ui.widgets` and the text of `ui.composer`.
"""
