"""The transcript: a conversation shown in a single text view.

The entry point is `segments.view`. The packages hold
everything else, by task.
"""

__all__ = [
    "document",
    "layout",
    "media",
    "message_commands",
    "message_items",
    "search",
    "segments",
    "transcript_styles",
    "viewport",
]
