"""The offer to compact a long conversation, and the marks where one was compacted.

Of the other features it imports `answers`.
"""
