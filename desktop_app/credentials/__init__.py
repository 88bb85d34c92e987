"""API keys and other secrets in the OS keyring.

The only importer of `keyring`. May import domain.
"""
