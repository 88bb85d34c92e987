"""Evaluations in the window.

May import everything below `app`.
"""
