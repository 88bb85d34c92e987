"""Shows half-written Markdown as the construct that it is about to become."""
