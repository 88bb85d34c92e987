"""The table of models, and the form for what the user knows of one.

May import `widgets`, `look` and `settings`.
"""
