"""The window of batch jobs.

May import `ui.look`, `ui.widgets` and `ui.composer`.
"""
