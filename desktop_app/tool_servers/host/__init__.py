"""The process of one server: it connects to the server or starts it, and ends what it started.

May import domain, child_processes, sandbox and the SDK of MCP. Nothing else imports it.
"""
