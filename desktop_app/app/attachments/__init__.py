"""Attaches documents and images to prompts, previews them, and shows images of the transcript.

It imports the navigator of `library`, and the limit of files in `desktop.window_request`.
"""
