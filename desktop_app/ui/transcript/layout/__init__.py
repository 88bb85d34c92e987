"""Message layouts, height estimates, placeholders and the splitting of long texts.

May import `transcript_styles` and rendering; knows no widget.
"""
