"""Addresses of servers, and the headers and keys of requests: origins, redaction, proxies."""
