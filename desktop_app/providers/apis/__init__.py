"""The Responses and Chat Completions APIs: bodies and streams."""
