"""Office formats: Word, PowerPoint, Excel, OpenDocument, RTF, EPUB.

May import the root of `documents`, `text` and `worker.protocol`.
"""
