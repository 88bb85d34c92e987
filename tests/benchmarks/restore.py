"""Restoring a backup of 1,000 conversations of 100 messages.

Measures seconds of wall and CPU time, and megabytes of memory. Packing the backup is not counted.
Generating the library takes half a minute. `--path FILE` stores the library there, or reuses it.
"""

from __future__ import annotations

import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from desktop_app.backup.backup import make_backup
from desktop_app.backup.restore import restore_backup
from tests.benchmarks._large_library import make_library

AT = datetime(2026, 3, 14, tzinfo=UTC)


def main(conversations: int = 1000, messages: int = 100, path: str = "") -> dict[str, Any]:
    """Measure a restore into an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(path) if path else Path(folder) / "library.sqlite3"
        if not store.exists():
            make_library(store, conversations, messages)
        home = Path(folder)
        archive = make_backup(store, home / "none", home / "backups", AT, lambda *_: None).path
        target = home / "restored" / "repartee.sqlite3"
        began, processor = time.perf_counter(), time.process_time()
        restore_backup(
            archive, target, home / "files", AT, lambda *_: None, ask=lambda _changes: True
        )
        return {
            "benchmark": "restore",
            "messages": conversations * messages,
            "store_mb": round(store.stat().st_size / 1e6),
            "seconds": round(time.perf_counter() - began, 2),
            "processor_s": round(time.process_time() - processor, 2),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        }
