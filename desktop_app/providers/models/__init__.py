"""`GET /models`: listings and context windows.

May import `http`.
"""
