"""Transport: connections, proxies, trust, retries, server-sent events, untrusted JSON.

No other package of `providers` uses httpx.
"""
