"""Decorators for methods of stores that are one transaction.

The function runs on a thread of the database, with the connection as its first argument after
`self`; its callers await it without one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from desktop_app.storage.database import Database

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Store(Protocol):
    """An object with a database."""

    @property
    def _database(self) -> Database: ...


_S = TypeVar("_S", bound=Store)
_Work = Callable[Concatenate[_S, sqlite3.Connection, _P], _T]
_Method = Callable[Concatenate[_S, _P], Coroutine[Any, Any, _T]]


def reading(work: _Work[_S, _P, _T]) -> _Method[_S, _P, _T]:
    """Turn a function that reads one consistent state of the store into an awaitable method."""

    @wraps(work)
    async def read(self: _S, /, *args: _P.args, **named: _P.kwargs) -> _T:
        return await self._database.read(lambda connection: work(self, connection, *args, **named))

    return read


def writing(work: _Work[_S, _P, _T]) -> _Method[_S, _P, _T]:
    """Turn a function that changes the store into an awaitable method: one transaction."""

    @wraps(work)
    async def write(self: _S, /, *args: _P.args, **named: _P.kwargs) -> _T:
        return await self._database.write(lambda connection: work(self, connection, *args, **named))

    return write
