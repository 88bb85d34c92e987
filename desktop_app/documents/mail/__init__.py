"""Mail files and Outlook messages."""
