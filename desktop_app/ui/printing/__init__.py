"""Conversations laid out on pages, for printers and PDF.

May import `ui.look` and what `ui.transcript` knows of tables and formulas.
"""
