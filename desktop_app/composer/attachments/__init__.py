"""Attaches documents and images to prompts, previews them, and shows images of the transcript."""
