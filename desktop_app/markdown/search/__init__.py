"""Finding and counting words in what Markdown shows."""
