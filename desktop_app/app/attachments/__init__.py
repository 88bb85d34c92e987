"""Documents and images on their way into the prompt.

Controllers take widgets of `ui.composer` and `ui.viewer`, and the document services.
"""
