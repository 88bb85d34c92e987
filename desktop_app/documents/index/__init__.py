"""Token counts, chunks and passages of a text, and the files of collections.

May import the root of `documents`, `containers` and `worker`.
"""
