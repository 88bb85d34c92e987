"""The SQLite file: threads, migrations, lock, errors, private files.

The other packages of `storage` build on it.
"""
