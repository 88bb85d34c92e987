"""What is on screen: surface, scroll anchor, virtualizer, scheduling of streamed text.

May import `document` and `layout`.
"""
