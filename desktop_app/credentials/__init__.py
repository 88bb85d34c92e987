"""The person's API keys: in the keyring of the operating system, or nowhere."""
