"""Every setting as data: key, type, default, bounds.

May import domain.
"""
