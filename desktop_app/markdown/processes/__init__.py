"""Formulas, highlighting and diagrams, each in a child process.

The only place of Pygments, ziamath, merman and resvg.
"""
