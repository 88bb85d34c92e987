"""Reads documents with one library, in a process of its own; names no module of this project.

    python _document_reader.py READER FILE…

Prints a list in JSON: for each file its text, and the CPU seconds of the second of two readings.
Readers: repartee, with the checkout in PYTHONPATH; kreuzberg; markitdown.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def repartee() -> Callable[[str], str]:
    from desktop_app.documents.extract import read
    from desktop_app.documents.worker.protocol import Limits

    return lambda path: (
        read(Path(path).name, Path(path).read_bytes(), Limits(), lambda _: None).text
    )


def kreuzberg() -> Callable[[str], str]:
    import kreuzberg as library

    config = library.ExtractionConfig(output_format="markdown")
    return lambda path: str(library.extract_file_sync(path, config=config).content)


def markitdown() -> Callable[[str], str]:
    import markitdown as library

    converter = library.MarkItDown()
    return lambda path: str(converter.convert(path).text_content)


def main(name: str, *paths: str) -> None:
    read = {"repartee": repartee, "kreuzberg": kreuzberg, "markitdown": markitdown}[name]()
    rows = []
    for path in paths:
        text, seconds = "", 0.0
        try:
            for _ in range(2):
                start = time.process_time()
                text = read(path)
                seconds = time.process_time() - start
        except Exception:  # noqa: BLE001 - a library may refuse a file in its own way
            text, seconds = "", 0.0
        rows.append([text, seconds])
    print(json.dumps(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
