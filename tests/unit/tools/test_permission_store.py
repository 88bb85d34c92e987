"""Permissions of tools hold for what they were given for, and for nothing else."""

from __future__ import annotations

from pathlib import Path

from desktop_app.chat.conversation_store import ConversationStore
from desktop_app.domain.tools.tool import Permission
from desktop_app.tools.permission_store import PermissionStore
from tests.unit.storage.samples import a_conversation, opened

ASK, HERE, ALWAYS, NEVER = (
    Permission.ASK,
    Permission.CONVERSATION,
    Permission.ALWAYS,
    Permission.NEVER,
)


async def test_a_permission_applies_to_its_tool_fingerprint_and_conversation(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path / "s.sqlite3") as database:
        one, other = a_conversation(), a_conversation()
        for conversation in (one, other):
            await ConversationStore(database).create(conversation)
        store = PermissionStore(database)

        async def found(tool: str, fingerprint: str) -> list[Permission]:
            return [await store.permission(c.id, tool, fingerprint) for c in (one, other)]

        assert await found("s/a", "f") == [ASK, ASK]
        await store.save(one.id, "s/a", "f", HERE)
        assert await found("s/a", "f") == [HERE, ASK]
        assert await found("s/a", "changed") == [ASK, ASK]
        await store.save(one.id, "s/a", "changed", HERE)  # replaces the first
        assert await found("s/a", "f") == [ASK, ASK]
        assert await found("s/a", "changed") == [HERE, ASK]
        await store.save(one.id, "s/b", "f", ALWAYS)
        assert await found("s/b", "f") == [ALWAYS, ALWAYS]
        assert await found("s/b", "changed") == [ASK, ASK]
        assert await store.for_all_conversations() == {"s/b": ALWAYS}
        await store.save(one.id, "s/b", "f", NEVER)
        assert await found("s/b", "f") == await found("s/b", "changed") == [NEVER, NEVER]
        await store.save(one.id, "s/b", "f", HERE)
        assert await found("s/b", "f") == [NEVER, NEVER]  # a general refusal outranks it
        await store.forget("s/b", other.id)
        assert await found("s/b", "f") == [ASK, ASK]
        assert await found("s/a", "changed") == [HERE, ASK]
        await store.save(one.id, "s2/a", "f", ALWAYS)
        await store.forget_source("s")
        assert await found("s/a", "changed") == [ASK, ASK]
        assert await store.for_all_conversations() == {"s2/a": ALWAYS}
