"""The built-in tools: their definitions, and the code that runs them."""
