"""Windows that show a document, a preview of what is sent, or ask for a password.

May import `ui.look`, `ui.widgets` and `ui.transcript`.
"""
