"""Plain values.

May import the standard library only.
"""
