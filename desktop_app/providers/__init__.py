"""The API client: requests out, stream events in.

`provider_client` is the entry point. May import domain, paths, httpx and truststore.
"""
