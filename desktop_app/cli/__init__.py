"""The commands of `repartee` that need no window.

May import `backend` and everything below it; no Qt.
"""
