"""Evaluations as files: their cases, and reports on them.

May import domain and the root of `exchange`.
"""
