"""General widgets: layouts and menus; in subpackages buttons, forms, rows and texts.

May import `ui.look` only.
"""
