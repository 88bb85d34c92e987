"""Exports of other programs, read.

May import domain.
"""
