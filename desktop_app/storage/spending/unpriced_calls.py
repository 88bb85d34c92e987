"""Removes the costs of calls whose price earlier versions guessed.

They assumed that a compatible server, such as that of OPENAI_BASE_URL, had OpenAI's models at
OpenAI's prices. It is unknown which models answered, so the costs are unknown, too.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Final

from desktop_app.domain.network.origin import host_of, origin
from desktop_app.storage.spending.spending_sums import fill_slots

_ENVIRONMENT: Final = "env-openai"
# The beginning of keys that were written only for servers other than OpenAI's.
_LEARNED_KEY_PREFIX: Final = f"learnt.api.{_ENVIRONMENT}."
_OPENAI_HOST: Final = "api.openai.com"
_PRICED: Final = "cost IS NOT NULL AND CAST(cost AS REAL) != 0"


def unprice_unknown_servers(connection: sqlite3.Connection) -> None:
    """Remove the guessed costs of calls and of their answers, and rebuild the sums of slots."""
    changed_count = 0
    if _had_other_server(connection):
        changed_count += _unprice(connection, _ENVIRONMENT, None)
    for profile_id, models in _unlisted_models(connection).items():
        for model in models:
            changed_count += _unprice(connection, profile_id, model)
    if changed_count:
        connection.execute("DELETE FROM ledger_slots")
        fill_slots(connection)


def _had_other_server(connection: sqlite3.Connection) -> bool:
    """Return True if OPENAI_BASE_URL named a server that is not OpenAI's."""
    length = len(_LEARNED_KEY_PREFIX)
    sql = "SELECT substr(key, ?) FROM settings WHERE substr(key, 1, ?) = ?"
    addresses = connection.execute(sql, (length + 1, length, _LEARNED_KEY_PREFIX)).fetchall()
    return any(host_of(origin(address)) != _OPENAI_HOST for (address,) in addresses)


def _unlisted_models(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Return the priced models that neither the server nor the user lists, by profile."""
    sql = """SELECT p.id, p.body, l.base_url, l.models FROM profiles AS p
        JOIN model_listings AS l ON l.profile_id = p.id"""
    unlisted_models = {}
    for profile_id, body, base_url, listing in connection.execute(sql).fetchall():
        profile = json.loads(body)
        if profile.get("kind") != "compatible" or profile.get("base_url") != base_url:
            continue
        listed_models = {*profile.get("models", ()), *(row[0] for row in json.loads(listing))}
        sql = f"SELECT DISTINCT model FROM ledger WHERE provider_id = ? AND {_PRICED}"  # noqa: S608
        models = connection.execute(sql, (profile_id,)).fetchall()
        if listed_models:
            unlisted_models[profile_id] = [
                model for (model,) in models if model not in listed_models
            ]
    return unlisted_models


def _unprice(connection: sqlite3.Connection, provider_id: str, model: str | None) -> int:
    where = f"provider_id = ?1 AND (?2 IS NULL OR model = ?2) AND {_PRICED}"
    names = (provider_id, model)
    connection.execute(f"UPDATE messages SET cost = NULL WHERE {where}", names)  # noqa: S608
    return connection.execute(
        f"UPDATE ledger SET cost = NULL WHERE {where}",  # noqa: S608
        names,
    ).rowcount
