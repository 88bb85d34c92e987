"""Several answers to one question, side by side: the choice of models, and the columns.

May import `ui.look`, `ui.widgets`, `ui.composer` and `ui.transcript`.
"""
