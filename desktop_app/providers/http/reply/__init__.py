"""Reading a reply: its bytes, server-sent events and untrusted JSON, within limits.

May import `connection_errors`.
"""
