"""The built-in tools: their definitions, and the code that runs them.

May import services and everything below, and httpx for the fetched page.
"""
