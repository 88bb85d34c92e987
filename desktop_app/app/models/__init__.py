"""The table of models.

May import `state`.
"""
