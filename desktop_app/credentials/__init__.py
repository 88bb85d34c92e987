"""API keys and other secrets in the OS keyring.

The only place of keyring. May import domain and paths.
"""
