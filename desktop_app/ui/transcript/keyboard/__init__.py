"""Focus targets, caret, jumps and the actions of a message.

May import `document` and `viewport`.
"""
