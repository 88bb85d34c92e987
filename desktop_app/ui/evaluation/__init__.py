"""The dialog of evaluations.

May import domain, and the rest of `ui`.
"""
