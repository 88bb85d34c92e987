"""Running answers and retries; JSON of finished answers; unreachable servers.

It imports the navigator of `library`.
"""
