"""Running answers with their retries and endings; reviews, JSON and servers of finished ones.

It imports the navigator of `library`.
"""
