"""Mail files and Outlook messages.

May import the root of `documents`, `containers` and `text`.
"""
