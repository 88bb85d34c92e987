"""PDF: text, reading order, tables, annotations, page images.

The only importer of pypdfium2. May import the root of `documents`, `office.markdown_text` and
`worker.protocol`.
"""
