"""Permissions of tools: always, never, or in one conversation.

They are never copied from another store: the author of a backup must not be able to allow a tool
here.
"""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import NamedTuple

from desktop_app.domain.tools.tool import Permission
from desktop_app.storage.database import Databases
from desktop_app.storage.row_conversion import to_text

_SELECT = """
    SELECT permission, fingerprint FROM tool_permissions
    WHERE tool = ? AND conversation_id IS ?
"""
_REMOVE = "DELETE FROM tool_permissions WHERE tool = ? AND conversation_id IS ?"
_ADD = "INSERT INTO tool_permissions VALUES (?, ?, ?, ?)"


class _StoredPermission(NamedTuple):
    """A permission, and the fingerprint of the tool's definition that it is for."""

    permission: Permission
    fingerprint: str


class PermissionStore:
    """The permissions. All methods raise StorageError."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases

    async def permission(self, conversation_id: str, tool: str, fingerprint: str) -> Permission:
        """Return the permission of a tool in a conversation; ASK if none is stored.

        `fingerprint` is the hash of the tool's definition. When that changes, only NEVER applies.
        """
        name = to_text(tool)
        database = self._databases.for_conversation(conversation_id)
        general = await self._databases.disk.read(partial(_read_permission, name, None))
        in_conversation = await database.read(partial(_read_permission, name, conversation_id))
        for stored in (general, in_conversation):
            if stored is not None and stored.permission is Permission.NEVER:
                return Permission.NEVER
        for stored in (general, in_conversation):
            if stored is not None and stored.fingerprint == fingerprint:
                return stored.permission
        return Permission.ASK

    async def save(
        self, conversation_id: str, tool: str, fingerprint: str, permission: Permission
    ) -> None:
        """Save a permission: CONVERSATION for this conversation, others for all conversations."""
        if permission is Permission.CONVERSATION:
            database = self._databases.for_conversation(conversation_id)
            scope = conversation_id
        else:
            database = self._databases.disk
            scope = None
        name = to_text(tool)

        def replace_row(connection: sqlite3.Connection) -> None:
            connection.execute(_REMOVE, (name, scope))
            connection.execute(_ADD, (scope, name, fingerprint, permission.value))

        await database.write(replace_row)

    async def for_all_conversations(self) -> dict[str, Permission]:
        """Return the permissions for all conversations, by the full name of the tool."""
        sql = "SELECT tool, permission FROM tool_permissions WHERE conversation_id IS NULL"
        return {
            row["tool"].partition("\n")[0]: _parse_permission(row["permission"])
            for row in await self._databases.disk.rows(sql)
        }

    async def forget(self, tool: str, conversation_id: str) -> None:
        """Delete all permissions of a tool, also in this conversation if it is temporary."""
        # A name may be followed by a line with the host that the permission is for.
        sql = "DELETE FROM tool_permissions WHERE tool = ?1 OR substr(tool, 1, ?2) = ?1 || char(10)"
        for database in {self._databases.disk, self._databases.for_conversation(conversation_id)}:
            await database.execute(sql, to_text(tool), len(to_text(tool)) + 1)

    async def forget_source(self, source: str) -> None:
        """Delete all stored permissions of the tools of a source."""
        sql = "DELETE FROM tool_permissions WHERE substr(tool, 1, ?) = ?"
        prefix = f"{source}/"
        await self._databases.disk.execute(sql, len(prefix), prefix)


def _read_permission(
    tool: str, conversation_id: str | None, connection: sqlite3.Connection
) -> _StoredPermission | None:
    row = connection.execute(_SELECT, (tool, conversation_id)).fetchone()
    if row is None:
        return None
    return _StoredPermission(_parse_permission(row["permission"]), row["fingerprint"])


def _parse_permission(text: str) -> Permission:
    """Return a stored permission; ASK if only a newer version knows it."""
    return Permission(text) if text in set(Permission) else Permission.ASK
