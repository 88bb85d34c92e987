"""Mail files and Outlook messages.

May import the root of `documents`, `containers`, `text`, and the RTF reader of `office`.
"""
