"""Batch jobs in the window.

It imports the list presenter and the navigator of `library`.
"""
