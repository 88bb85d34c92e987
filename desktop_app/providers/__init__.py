"""The API client: one request out, one stream of typed events back, whichever API is spoken."""
