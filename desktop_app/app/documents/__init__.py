"""The document viewer and collections in the window.

Of the other features it imports the chips' actions of `attachments`.
"""
