"""The Responses and Chat Completions APIs: bodies, streams, error replies.

May import `http`, which in turn needs the error replies.
"""
