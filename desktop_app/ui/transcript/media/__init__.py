"""Images, formulas, highlighting, code folds and fonts.

May import `layout`. Talks to the child processes of `rendering.processes`.
"""
