"""The permissions that the user gave to tools.

May import `storage.database` and the conversion of rows.
"""
