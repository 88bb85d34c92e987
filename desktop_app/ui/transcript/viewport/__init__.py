"""The viewport: surface, scroll anchor, virtualizer and scheduling of streamed text.

May import `document` and `layout`, and `keyboard` and `selection` for types.
"""
