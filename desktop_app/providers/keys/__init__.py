"""API keys and other secrets in the OS keyring; the only importer of `keyring`."""
