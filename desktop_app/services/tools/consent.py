"""The user's consent to tool calls.

A tool runs without a question only if it touches nothing, or if the user has allowed it: in this
conversation, always, or with an option of a command. The decision depends on the tool, the stored
permission and the user, never on words of a model, a document or a result. A permission is for a
definition: if its description or schema changes, the user is asked again.
"""

from __future__ import annotations

import json
from typing import NamedTuple, Protocol

from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.tools.tool import Permission, ToolDefinition
from desktop_app.services.tools.tool_set import wildcard_of


class ConsentQuestion(NamedTuple):
    """A question to the user about one call."""

    conversation_id: str
    tool: ToolDefinition
    call: ToolCallPart


class Decision(NamedTuple):
    """The answer to a `ConsentQuestion`.

    Attributes:
        permission: stored for later calls; ASK stores none.
        arguments: as the user changed them; "" if they are unchanged.
        reason: of a denial, for the model; "" for the usual one.
    """

    is_allowed: bool
    permission: Permission = Permission.ASK
    arguments: str = ""
    reason: str = ""


class ConsentSource(Protocol):
    """Source of decisions about calls: the window, or the options of a command."""

    async def decide(self, question: ConsentQuestion, stored_permission: Permission) -> Decision:
        """Return the decision about a call. Canceling withdraws the question."""


class PermissionStorage(Protocol):
    """Store of the user's permissions: see storage/tools/permission_store.py.

    Raises StorageError.
    """

    async def permission(self, conversation_id: str, tool: str, fingerprint: str) -> Permission: ...
    async def save(
        self, conversation_id: str, tool: str, fingerprint: str, permission: Permission
    ) -> None: ...


class ConsentBroker:
    """Forwarder of the questions of running answers to the current `ConsentSource`.

    Without a source, every call is denied.
    """

    def __init__(self, store: PermissionStorage) -> None:
        self._store = store
        self._consent_source: ConsentSource | None = None

    def set_source(self, source: ConsentSource) -> None:
        """Ask `source` for the decisions from now on."""
        self._consent_source = source

    async def decide(self, question: ConsentQuestion) -> Decision:
        """Return the decision about a call, and store its permission. Raises StorageError."""
        tool, conversation_id = question.tool, question.conversation_id
        name = tool.full_name
        tool_fingerprint = fingerprint(tool)
        stored_permission = await self._store.permission(conversation_id, name, tool_fingerprint)
        if stored_permission is Permission.NEVER or self._consent_source is None:
            return Decision(is_allowed=False)
        decision = await self._consent_source.decide(question, stored_permission)
        if decision.permission is not Permission.ASK:
            await self._store.save(conversation_id, name, tool_fingerprint, decision.permission)
        return decision


class AllowedTools:
    """The decisions of a command: the tools that `--allow-tool` names, and no others."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    async def decide(self, question: ConsentQuestion, stored_permission: Permission) -> Decision:
        """Allow a tool by its full name, or all tools of a source by SOURCE/*."""
        tool = question.tool
        is_named = tool.full_name in self._names
        is_of_source = bool(tool.source) and wildcard_of(tool.source) in self._names
        return Decision(is_allowed=is_named or is_of_source)


def may_run_without_asking(tool: ToolDefinition, stored_permission: Permission) -> bool:
    """Return True if a window need not ask before a call."""
    return not tool.needs_consent or stored_permission in (
        Permission.CONVERSATION,
        Permission.ALWAYS,
    )


def fingerprint(tool: ToolDefinition) -> str:
    """Return a hash of all that the user judged a tool by, such as its description and schema."""
    import hashlib  # loads OpenSSL, which the start does not need

    judged_facts = [
        tool.full_name,
        tool.description,
        tool.kind,
        tool.touches,
        dict(tool.parameters),
    ]
    text = json.dumps(judged_facts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
