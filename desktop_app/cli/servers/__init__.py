"""`repartee mcp`: the servers of tools.

May import `backend`, services and exchange; no Qt.
"""
