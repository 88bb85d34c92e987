"""Evaluations: cases, checks of answers, results and their statistics.

May import the rest of `domain`.
"""
