"""The window of spending: a table and a chart.

May import `ui.look` and `ui.widgets`.
"""
