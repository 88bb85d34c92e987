"""Where items stand: message layouts, height estimates, placeholders, long texts.

May import rendering; knows no widget.
"""
