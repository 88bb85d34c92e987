"""Running answers with their retries and endings; reviews, JSON and servers of finished ones.

Of the other features it imports `library.navigator`.
"""
