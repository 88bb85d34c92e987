"""The Responses and Chat Completions APIs: bodies and streams.

May import `http` and `errors`.
"""
