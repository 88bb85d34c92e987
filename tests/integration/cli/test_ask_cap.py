"""A provider's monthly cap holds for the command, too."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

from desktop_app.budget.ledger import Ledger
from desktop_app.domain.conversations.conversation import now
from desktop_app.domain.cost import Usage
from desktop_app.domain.spending_report import Call
from desktop_app.providers.gateway.environment_profiles import OPENAI
from desktop_app.settings.settings_store import SettingsStore
from desktop_app.storage.database import Database
from tests.integration.cli.command import Shell, against
from tests.integration.cli.replies import ANSWER, WHOLE
from tests.unit.providers.loopback import LoopbackServer


async def allow(shell: Shell, base_url: str, cap: str, spent: str = "") -> None:
    """Set the cap as the settings do, for the provider at this address, which has spent some."""
    folder = shell.home / "data"
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    database = Database(folder / "repartee.sqlite3")
    await database.open()
    profile = replace(OPENAI, base_url=base_url, monthly_cap=Decimal(cap))
    await SettingsStore(database).save_profile(profile)
    if spent:
        call = Call(now(), profile.id, "gpt-5.2", "answer", Usage(1), Decimal(spent))
        await Ledger(database).add(call)
    await database.close()


def test_the_monthly_limit_warns_and_then_refuses(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        await allow(shell, server.base_url, "0.0745", spent="0.06")
        first = await shell.ask(server.base_url, "Which?")  # 1,000 in and 100 out: $0.00315
        assert (first.code, first.out) == (0, ANSWER + "\n")
        assert "$0.06 of your $0.07 monthly limit" in first.err
        second = await shell.ask(server.base_url, "Which?", "--json")
        assert second.code == 1
        assert second.json["error"]["kind"] == "spending_cap"
        said = ("usually costs $0.0140", "$0.01135 of your $0.0745", "saved provider’s limit")
        assert all(words in second.err for words in said)
        assert len(server.requests) == 1

    against(WHOLE, test=test)


def test_concurrent_commands_respect_the_limit(shell: Shell) -> None:
    async def test(server: LoopbackServer) -> None:
        # Each of the four costs $0.00315, but holds a usual answer, and may cost $1.79. The limit
        # has room for one, whichever comes first.
        await allow(shell, server.base_url, "0.0145")
        ended = await asyncio.gather(*(shell.ask(server.base_url, "Which?") for _ in range(4)))
        codes = sorted(one.code for one in ended)
        assert codes == [0, 1, 1, 1]
        assert len(server.requests) == 1

    against(WHOLE, test=test)
