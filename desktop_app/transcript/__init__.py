"""The transcript: a conversation shown in a single text view.

The entry point is `view`; the state of a message is in `message_state`. The packages hold
everything else, by task.
"""

__all__ = [
    "document",
    "layout",
    "media",
    "message_commands",
    "message_items",
    "search",
    "transcript_styles",
    "view",
    "viewport",
]
