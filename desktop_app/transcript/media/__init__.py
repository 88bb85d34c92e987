"""Images, formulas, highlighting, code folds and fonts.

Talks to the child processes of `markdown.processes`.
"""
