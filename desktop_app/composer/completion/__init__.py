"""Completion of `/` prompts: the list, the form for variables, the mark of inserted text."""
