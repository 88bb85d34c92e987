"""The transcript: a conversation as segments of text, and other texts shown like it.

The entry point is `segments.view`; README.md tells the design.
"""

__all__ = ["layout", "media", "message_items", "search", "segments", "transcript_styles"]
