"""Attaches documents and images to prompts.

Controllers take widgets of `ui.composer` and `ui.viewer`, and the document services.
"""
