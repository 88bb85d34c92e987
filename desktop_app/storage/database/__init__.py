"""The SQLite file: threads, migrations, lock, errors, private files.

The other packages of `storage` build on it. It imports only what changes the data of older versions
from them.
"""
