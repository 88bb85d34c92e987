"""Conversations laid out on pages, for printers and PDF."""
