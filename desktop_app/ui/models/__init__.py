"""The table of models, and the form for what the user knows of one.

May import `ui.look` and `ui.widgets`.
"""
