"""Find in the conversation: bar, matches, counting.

May import `document` and `viewport`.
"""
