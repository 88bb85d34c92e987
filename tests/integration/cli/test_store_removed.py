"""A store that is removed while a command waits for its answer."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest

from tests.integration.cli.command import Shell, against
from tests.integration.cli.replies import ANSWER, WHOLE
from tests.unit.providers.loopback import LoopbackServer, Received


@pytest.mark.attack("store")
def test_the_command_fails_and_says_where_the_question_is(shell: Shell) -> None:
    store = shell.home / "data" / "repartee.sqlite3"

    async def removed_first(request: Received, writer: asyncio.StreamWriter) -> None:
        store.unlink()
        await WHOLE(request, writer)

    async def test(server: LoopbackServer) -> None:
        ended = await shell.ask(server.base_url, "Which?", "--save")
        assert ended.code != 0
        assert ANSWER in ended.out
        assert "was removed or replaced while it was open" in ended.err
        (copy,) = store.parent.glob("repartee.before-removal-*.sqlite3")
        assert str(copy) in ended.err
        with closing(sqlite3.connect(copy)) as connection:
            (parts,) = connection.execute("SELECT parts FROM messages LIMIT 1").fetchone()
        assert "Which?" in parts

    against(removed_first, test=test)
