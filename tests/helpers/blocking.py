"""Helpers that are coroutines, for tests without an event loop."""

from __future__ import annotations

import asyncio
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
T = TypeVar("T")


def blocking(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Return a coroutine function as a function that runs it on a loop of its own."""

    @wraps(function)
    def run(*arguments: P.args, **options: P.kwargs) -> T:
        return asyncio.run(function(*arguments, **options))

    return run
