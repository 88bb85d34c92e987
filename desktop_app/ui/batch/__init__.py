"""The window of batch jobs and its models.

May import `ui.look`, `ui.widgets` and `ui.composer`.
"""
