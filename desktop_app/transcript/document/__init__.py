"""Writes messages into the QTextDocument and edits only the differences."""
