"""The process of one server: it starts the server, speaks its protocol, and ends what it started.

May import domain, child_processes, sandbox and the SDK of MCP. Nothing else imports it.
"""
