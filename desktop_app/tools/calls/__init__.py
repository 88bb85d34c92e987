"""The loop that runs a model's calls of tools, with the user's consent."""
