"""Office formats: Word, PowerPoint, Excel (also .xls and .xlsb), OpenDocument, RTF, EPUB.

May import the root of `documents`, `text` and `worker.protocol`.
"""
