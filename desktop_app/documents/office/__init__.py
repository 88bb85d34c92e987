"""Office formats: Word, PowerPoint, OpenDocument, RTF, EPUB."""
