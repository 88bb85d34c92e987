"""Small, general widgets and models.

May import `ui.look` only.
"""
