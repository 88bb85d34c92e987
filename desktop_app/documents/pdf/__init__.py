"""PDF: text, reading order, tables, annotations, page images.

The only importer of pypdfium2.
"""
