"""Plain text in any encoding, notebooks, HTML."""
