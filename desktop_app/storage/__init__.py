"""SQLite and files: one writer thread, readers beside it.

May import domain and paths.
"""
