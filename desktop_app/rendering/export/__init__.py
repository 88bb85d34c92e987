"""Blocks to HTML, Markdown and plain text.

May import `markdown`.
"""
