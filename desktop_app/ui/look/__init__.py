"""The theme, the icons, and shapes that several widgets paint.

May import only the bounded texts of `ui.widgets` (`foreign_text`).
"""
