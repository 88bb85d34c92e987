"""Batch jobs in the window.

Of the other features it imports the list presenter and the navigator of `library`.
"""
