"""Evaluations as files: their cases, and reports on them.

May import domain and foreign_file.
"""
