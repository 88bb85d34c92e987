"""`repartee eval`.

May import `backend`, services and exchange; no Qt.
"""
