"""Every setting as data: key, type, default, bounds. Also presets of servers, and key pages.

May import domain.
"""
