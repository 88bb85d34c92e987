"""`repartee doctor`.

May import `backend` and everything below it; no Qt.
"""
