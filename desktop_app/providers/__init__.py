"""The API client: requests in, stream events out.

`provider_client` is the entry point. May import domain, i18n, foreign_file and httpx.
"""
