"""Completion of `/` prompts: the list, the form for variables, the mark of the prompt used.

Imports ui/look, ui/widgets, domain.
"""
