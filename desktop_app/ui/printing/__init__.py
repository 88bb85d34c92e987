"""Conversations laid out on pages, for printers and PDF.

May import `ui.look` and the tables and formulas of `ui.transcript`.
"""
