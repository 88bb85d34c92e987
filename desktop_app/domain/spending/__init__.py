"""Tokens and money, and reports on them.

May import the rest of `domain`.
"""
