"""Windows that show a document, preview the content to send, or ask for a password."""
