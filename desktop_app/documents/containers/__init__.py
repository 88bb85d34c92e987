"""Archives and folders: many documents as one text.

Reads their members through `extract`.
"""
