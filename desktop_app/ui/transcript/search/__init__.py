"""Find in the conversation: bar, matches, counting.

May import `document`, `layout`, `media` and `viewport`.
"""
