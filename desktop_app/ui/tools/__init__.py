"""Tools: their list, their servers, the question before a call, response formats.

May import `ui.look`, `ui.widgets` and the rows of `ui.settings` with a dialog.
"""
