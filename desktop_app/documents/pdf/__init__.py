"""PDF: text, reading order, tables, annotations, page images.

May import the root of `documents`; the only place of pypdfium2.
"""
