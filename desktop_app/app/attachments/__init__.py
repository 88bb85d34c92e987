"""Attaches documents and images to prompts, previews them, and shows images of the transcript.

Of the other features it imports `library.navigator`.
"""
