"""The built-in tools: the adapters that run them.

May import domain, services, i18n, the adapters whose data they read, and the sandbox.
"""
