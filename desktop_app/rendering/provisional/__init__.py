"""Shows half-written Markdown as what it is about to become.

May import `markdown`.
"""
