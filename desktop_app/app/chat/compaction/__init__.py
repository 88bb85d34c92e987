"""The offer to compact a long conversation, and the notes where one was compacted.

Of the other features it imports `answers`.
"""
