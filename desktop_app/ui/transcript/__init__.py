"""The conversation on screen: one text document, and what is painted around its blocks."""
