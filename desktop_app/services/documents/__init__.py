"""Documents in a question: files, images, duplicates, reading in chunks.

May import domain, `ports` and the other services.
"""
