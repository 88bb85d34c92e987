"""Conversations written as Markdown, HTML, rich text; batch reports.

May import domain and rendering.
"""
