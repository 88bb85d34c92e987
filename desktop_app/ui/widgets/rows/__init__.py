"""The lists and tables of rows: their model, views and delegates.

May import `ui.look` and `ui.widgets`.
"""
