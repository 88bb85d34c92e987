"""Writes messages into the QTextDocument and changes only what changed.

May import `layout` and `media`, and the state of messages; knows no viewport.
"""
