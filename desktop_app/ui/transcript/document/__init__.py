"""Writes messages into the QTextDocument and changes only what changed.

May import `layout` and `media`; knows no viewport.
"""
