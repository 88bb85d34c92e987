"""Plain text in any encoding, notebooks, HTML.

May import the root of `documents`, and `markdown_text` and `package` of `office`.
"""
