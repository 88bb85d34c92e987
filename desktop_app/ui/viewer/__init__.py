"""Windows that show a document, preview what is sent, or ask for a password.

May import `ui.look`, `ui.widgets` and `ui.transcript`.
"""
