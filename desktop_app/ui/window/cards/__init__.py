"""Cards above the prompt: notifications, progress, offers.

May import `ui.look`, `ui.widgets` and dropped content from `ui.composer`.
"""
