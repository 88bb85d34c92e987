"""Conversations, texts and tables written as Markdown, web pages and files of office programs."""

__all__ = ["html_page", "markdown_file", "model_page", "office", "shared_page", "subtitles"]
