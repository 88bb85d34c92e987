"""Readers for exports and configurations of other programs.

May import domain, foreign_file and the root of `exchange`.
"""
