"""Formulas, highlighting and regular expressions, each in a child process.

The only place of Pygments and ziamath.
"""
