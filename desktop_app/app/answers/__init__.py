"""Running answers and retries; reviews and JSON of finished answers; unreachable servers.

It imports the navigator of `library`.
"""
