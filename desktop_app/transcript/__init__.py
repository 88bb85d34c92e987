"""The transcript: a conversation as segments of text, and other texts shown like it.

The entry point is `view`; README.md tells the design.
"""

__all__ = [
    "accessible_messages",
    "find_bar",
    "media",
    "message_items",
    "message_stream",
    "segment",
    "segment_document",
    "segment_formulas",
    "shown_segment",
    "text_area",
    "text_marks",
    "transcript_styles",
    "view",
]
