"""One window per store: the lock and calls from later starts.

May import paths and domain.
"""
