"""The permissions that the user gave to tools, the tool servers, and a lock between processes.

May import `storage.database` and the row conversions of `storage.conversations`.
"""
