"""`GET /models`: listings, the kind of server, context windows, and servers' token counters.

May import `http`.
"""
