"""The memory that a model takes, and the context window that fits into what is free."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from desktop_app.domain.errors import LocalModelError
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_

OVERHEAD_BYTES: Final = 400 << 20
"""llama.cpp's own: its code, and buffers for 512 tokens of a prompt and a large vocabulary."""
_SPARE_BYTES: Final = 512 << 20
"""What a model may take beyond what is computed, besides a quarter of that. The built-in one takes
half of what is computed: 374 MB with a window of 8,192 tokens."""
_IMAGE_BYTES: Final = 2 << 30
"""For looking at a large image."""
_PROCESSOR_BYTES: Final = 32 << 20
"""The stacks of the threads of a processor."""
_CONTEXTS: Final = (32_768, 16_384, 8_192, 4_096, 2_048)
"""The windows to choose from, in tokens. A larger one takes memory that other apps need."""
_AUTOMATIC_SHARE: Final = 0.7
"""The part of the free memory that a window may fill if the user has not chosen it."""
_UNKNOWN_WINDOW: Final = 8_192


def free_memory() -> int:
    """Return the bytes of memory that programs can still take.

    The limit of a control group, as in a container, counts if it is lower.
    """
    if sys.platform == "win32":
        import win32api

        return int(win32api.GlobalMemoryStatusEx()["AvailPhys"])
    free = 0
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    try:
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text("ascii"))
        free = min(free, limit - int((group / "memory.current").read_text("ascii")))
    except (OSError, ValueError):  # no limit
        pass
    return max(0, free)


def needed_memory(size: int, token_bytes: int, context: int) -> int:
    """Return the bytes that a model takes with a context window of so many tokens.

    Args:
        size: the bytes of all its files.
    """
    return size + token_bytes * context + OVERHEAD_BYTES


def memory_limit(needed: int, *, sees_images: bool) -> int:
    """Return the bytes of private memory at which a model's process is stopped.

    Its file may come from anywhere, and its chat template can ask for any memory.
    """
    spare = needed // 4 + _SPARE_BYTES + _IMAGE_BYTES * sees_images
    return needed + spare + _PROCESSOR_BYTES * (os.cpu_count() or 1)


def choose_context(
    size: int, token_bytes: int, window: int, free: int, wanted: int | None = None
) -> int:
    """Return the context window in tokens, the least one if not even that fits.

    Args:
        window: that of the model's training; 0 if unknown.
        wanted: what the user has chosen; None lets the free memory decide.
    """
    most = window or _UNKNOWN_WINDOW
    if wanted is not None:
        return min(wanted, most)
    for context in _CONTEXTS:
        if needed_memory(size, token_bytes, min(context, most)) <= free * _AUTOMATIC_SHARE:
            return min(context, most)
    return min(_CONTEXTS[-1], most)


def require_memory(name: str, size: int, token_bytes: int, context: int, free: int) -> None:
    """Raise LocalModelError, with the figure, if a model does not fit into the free memory."""
    needed = needed_memory(size, token_bytes, context)
    if needed > free:
        raise LocalModelError(
            N_("{model} needs {needed} of memory, but only {free} are free."),
            hint=N_("Close other apps, or choose a smaller model or context window."),
            model=name,
            needed=formatting.size(needed),
            free=formatting.size(free),
        )
