"""Writers of conversations as Markdown, HTML and rich text, and of batch reports.

May import domain, rendering and the root of `exchange`.
"""
