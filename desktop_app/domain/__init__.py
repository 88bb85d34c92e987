"""Plain values.

May import the standard library and i18n.
"""
