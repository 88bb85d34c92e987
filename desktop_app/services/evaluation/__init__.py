"""Checks of answers in evaluations.

May import domain and `structured`.
"""
