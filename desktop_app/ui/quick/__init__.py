"""The quick prompt: a field in the middle of the screen, with the answer below.

May import `ui.look`, `ui.widgets`, `ui.composer` and `ui.transcript`.
"""
