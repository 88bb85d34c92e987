"""The store: an SQLite file with one writer thread and two readers, and files beside it.

May import domain, i18n, paths and foreign_file.
"""
