"""The SQLite file: threads, migrations, lock, wipes, errors, private files.

The other packages of `storage` build on it. From them it imports only functions that convert the
data of older versions.
"""
