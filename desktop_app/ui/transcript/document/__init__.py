"""Writes messages into the QTextDocument and edits only the differences.

May import `layout` and `media`, and the state of messages; knows no viewport.
"""
