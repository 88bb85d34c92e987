"""Formulas and highlighting, each in a child process.

The only place of Pygments and ziamath.
"""
