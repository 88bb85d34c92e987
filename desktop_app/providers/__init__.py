"""The API client: requests in, stream events out.

`provider_client` is the entry point. May import domain, paths, httpx and truststore.
"""
