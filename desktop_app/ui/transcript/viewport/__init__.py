"""The viewport: surface, scroll anchor, virtualizer, and when streamed text and formulas appear.

May import `document`, `layout` and `media`, and `keyboard` and `selection` for types.
"""
