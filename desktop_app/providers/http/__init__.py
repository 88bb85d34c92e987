"""Transport: connections, proxies, trust, retries; `reply` reads what a server sends.

No other package of `providers` uses httpx.
"""
