"""Theme, icons and the shapes that several widgets paint.

May import nothing else of `ui`.
"""
