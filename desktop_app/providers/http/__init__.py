"""Transport: connections, proxies, trust, retries, server-sent events.

The only place of httpx.
"""
