"""Tokens, money and sums of it.

May import the rest of `domain`.
"""
