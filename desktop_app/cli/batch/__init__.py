"""`repartee batch`.

May import `backend`, services and exchange; no Qt.
"""
