"""Several answers to one question, side by side: the choice of models, and the columns.

May import `composer`, `transcript`, `widgets`, `look` and `settings`.
"""
