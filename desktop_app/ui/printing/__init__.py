"""Conversations on paper: the document that is printed, and its pages."""
