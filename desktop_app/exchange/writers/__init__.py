"""Writers of conversations as Markdown, HTML and rich text, and of batch reports."""
