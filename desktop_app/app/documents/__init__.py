"""The document viewer and collections in the window.

It imports the actions of chips from `attachments`.
"""
