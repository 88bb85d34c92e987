"""The conversation list: presenter, folders, trash, search, unread marks.

Of the other features it imports `answers`.
"""
