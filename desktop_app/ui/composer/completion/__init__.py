"""Completion of `/` prompts: the list, the form for variables, the mark of inserted text.

May import `ui.look`, `ui.widgets` and `ui.composer.text`.
"""
