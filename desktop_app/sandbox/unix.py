"""Parts of the sandbox of Unix systems: limits, closed descriptors, Python's paths."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desktop_app.sandbox.policy import Policy

# A worker has 8 open files; pdfium and folders of fonts add a few dozen.
_MAX_OPEN_FILES: Final = 256


def close_descriptors_except(kept_descriptors: tuple[int, ...]) -> None:
    """Close all file descriptors but the standard streams and `kept_descriptors`."""
    # RLIMIT_NOFILE may be infinite, or lower than descriptors that were opened before it was set.
    start = 3  # after the standard streams
    highest = max(int(entry.name) for entry in Path("/dev/fd").iterdir())
    for descriptor in (*sorted(kept_descriptors), highest + 1):
        os.closerange(start, descriptor)
        start = descriptor + 1


def limit_resources(policy: Policy) -> None:
    """Set hard limits.

    The number of processes is not limited, because RLIMIT_NPROC counts all processes of the user.
    Time is not limited, because a worker serves many requests; its client limits each of them.
    """
    limit_resource(resource.RLIMIT_DATA, policy.memory_bytes)
    limit_resource(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES)
    disable_core_dumps()
    if not policy.writable:
        limit_resource(resource.RLIMIT_FSIZE, policy.file_bytes)


def disable_core_dumps() -> None:
    """Keep memory off the disk when the process crashes."""
    limit_resource(resource.RLIMIT_CORE, 0)


def limit_resource(resource_id: int, maximum: int) -> None:
    """Set the soft and the hard limit to `maximum`, or to the hard limit if that is lower."""
    hard_limit = resource.getrlimit(resource_id)[1]
    if hard_limit != resource.RLIM_INFINITY:
        maximum = min(maximum, hard_limit)
    resource.setrlimit(resource_id, (maximum, maximum))


def python_paths() -> Iterator[Path]:
    """Yield the files and folders that Python reads when it imports a module."""
    yield Path(__file__).parents[1]
    for prefix in {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}:
        yield from (Path(prefix, "lib"), Path(prefix, "lib64"))
    # Other entries of sys.path may be a checkout or the user's own folder.
    yield from (
        Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")
    )
    if sys.pycache_prefix:
        yield Path(sys.pycache_prefix)
    if bundle_folder := getattr(sys, "_MEIPASS", ""):
        yield Path(bundle_folder)
