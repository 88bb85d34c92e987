"""The SQLite file: threads, schema, lock, wipes, errors, private files.

The other packages of `storage` build on it.
"""
