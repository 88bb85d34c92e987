"""Half-written Markdown, shown as what it is about to become.

May import `markdown`.
"""
