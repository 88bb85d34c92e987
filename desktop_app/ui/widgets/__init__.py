"""General widgets: layouts, menus and buttons; in the subpackages rows, forms, texts and more.

May import `ui.look` only.
"""
