"""Message layouts, height estimates, placeholders and the splitting of long texts.

May import rendering; knows no widget.
"""
