"""The learned token rates: stored by profile, address and model."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop_app.domain.errors import StoreDamagedError
from desktop_app.domain.models.token_rates import TextKind, TokenRates
from desktop_app.storage.settings.token_rate_store import TokenRateStore
from tests.unit.storage.samples import opened

KEY = ("ollama-1", "http://localhost:11434/v1", "llama3")


async def test_rates_are_stored_and_replaced(tmp_path: Path) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        store = TokenRateStore(database)
        for rates in (
            TokenRates({TextKind.PROSE: 1.5}, None),
            TokenRates({TextKind.PROSE: 2}, 4096),
        ):
            await store.save(KEY, rates)
            assert await store.all() == {KEY: rates}


@pytest.mark.parametrize("text", ["[]", "{}x", '{"prose": null}', '{"prose": 1e9}', "[" * 100_000])
async def test_invalid_rates_are_damage(tmp_path: Path, text: str) -> None:
    async with opened(tmp_path / "store.sqlite3") as database:
        row = (*KEY, text, None, 0)
        await database.write(
            lambda c: c.execute("INSERT INTO token_rates VALUES (?, ?, ?, ?, ?, ?)", row)
        )
        with pytest.raises(StoreDamagedError):
            await TokenRateStore(database).all()
