"""The theme, the icons, and shapes that several widgets paint.

May import nothing else of `ui`.
"""
