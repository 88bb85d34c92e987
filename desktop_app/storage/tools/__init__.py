"""What the user has allowed tools to do.

May import `storage.database` and the conversion of rows.
"""
