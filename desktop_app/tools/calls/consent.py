"""The user's consent to tool calls.

A tool runs without a question only if it touches nothing, or if the user has allowed it: in this
conversation, always, or with an option of a command. The decision depends on the tool, the stored
permission and the user, never on words of a model, a document or a result. A permission is for a
definition: if its description or schema changes, the user is asked again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import urlsplit

from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.tools.tool import PAGE_TOOL, Permission, ToolDefinition, UserReply
from desktop_app.tools.calls.tool_set import wildcard_of
from desktop_app.tools.permission_store import PermissionStore

_NOBODY_THERE: Final = (
    "This prompt runs automatically, and the tool needs the user's permission, which nobody can "
    "give now. Say so in the answer."
)


class ConsentQuestion(NamedTuple):
    """A question to the user about one call.

    Attributes:
        provider: the name of the provider that gets the result; "" if it stays on this computer.
    """

    conversation_id: str
    tool: ToolDefinition
    call: ToolCallPart
    provider: str = ""


class ServerQuestion(NamedTuple):
    """A question that a tool server asks the user during a call.

    Attributes:
        text: in the words of the server.
        schema: of the object of values that the server wants; its properties are plain values.
    """

    conversation_id: str
    server: str
    text: str
    schema: Mapping[str, Any]


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

    async def ask_user(self, question: ServerQuestion) -> UserReply:
        """Return the user's reply to a server. Canceling withdraws the question."""


class ConsentBroker:
    """Forwarder of the questions of running answers to the current `ConsentSource`.

    Without a source, every call is denied.

    Attributes:
        unattended: the conversations whose user is not there: no question is asked.
    """

    def __init__(self, store: PermissionStore) -> None:
        self._store = store
        self._consent_source: ConsentSource | None = None
        self.unattended: set[str] = set()

    def set_source(self, source: ConsentSource) -> None:
        """Ask `source` for the decisions from now on."""
        self._consent_source = source

    async def decide(self, question: ConsentQuestion) -> Decision:
        """Return the decision about a call, and store its permission. Raises StorageError."""
        tool, conversation_id = question.tool, question.conversation_id
        name = tool.full_name
        tool_fingerprint = fingerprint(tool)
        stored_permission = await self._store.permission(conversation_id, name, tool_fingerprint)
        scope = permission_scope(question)
        if scope != name and stored_permission is not Permission.NEVER:
            stored_permission = await self._store.permission(
                conversation_id, scope, tool_fingerprint
            )
        if stored_permission is Permission.NEVER:
            return Decision(is_allowed=False)
        if conversation_id in self.unattended:
            is_allowed = may_run_without_asking(tool, stored_permission)
            return Decision(is_allowed, reason="" if is_allowed else _NOBODY_THERE)
        if self._consent_source is None:
            return Decision(is_allowed=False)
        decision = await self._consent_source.decide(question, stored_permission)
        if decision.permission is not Permission.ASK and not tool.asks_each_time:
            if decision.arguments:  # the user may have changed the address
                call = replace(question.call, edited=decision.arguments)
                scope = permission_scope(question._replace(call=call))
            saved_name = name if decision.permission is Permission.NEVER else scope
            await self._store.save(
                conversation_id, saved_name, tool_fingerprint, decision.permission
            )
        return decision

    async def ask_user(self, question: ServerQuestion) -> UserReply:
        """Return the user's reply to a question of a server."""
        if self._consent_source is None or question.conversation_id in self.unattended:
            return UserReply()
        return await self._consent_source.ask_user(question)


def permission_scope(question: ConsentQuestion) -> str:
    """Return the name for which a permission is stored: that of the tool.

    The permission to fetch pages is for one host: with one for all hosts, injected text could carry
    words away in an address without a question.
    """
    name = question.tool.full_name
    return f"{name}\n{_page_host(question.call)}" if name == PAGE_TOOL else name


def option_name(call: ToolCallPart) -> str:
    """Return the name by which `--allow-tool` allows a call: the page tool's with a host."""
    name = call.display_name
    return f"{name}:{_page_host(call)}" if name == PAGE_TOOL else name


def _page_host(call: ToolCallPart) -> str:
    """Return the host of the page that a call fetches; "" if its arguments name none."""
    try:
        return urlsplit(json.loads(call.run_arguments)["url"]).hostname or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


class AllowedTools:
    """The decisions of a command: the tools that `--allow-tool` names, and no others."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    async def decide(self, question: ConsentQuestion, stored_permission: Permission) -> Decision:
        """Allow a tool by its full name, one host's pages, or all tools of a source by SOURCE/*."""
        tool = question.tool
        call = replace(question.call, full_name=tool.full_name)
        is_named = option_name(call) in self._names
        is_of_source = bool(tool.source) and wildcard_of(tool.source) in self._names
        is_allowed = (is_named or is_of_source) and not tool.asks_each_time
        return Decision(is_allowed=is_allowed)

    async def ask_user(self, _question: ServerQuestion) -> UserReply:
        """Answer nothing: a command asks nobody."""
        return UserReply()


def may_run_without_asking(tool: ToolDefinition, stored_permission: Permission) -> bool:
    """Return True if a window need not ask before a call."""
    is_allowed = stored_permission in (Permission.CONVERSATION, Permission.ALWAYS)
    return not tool.needs_consent or (is_allowed and not tool.asks_each_time)


def fingerprint(tool: ToolDefinition) -> str:
    """Return a hash of all that the user judged a tool by, such as its description and schema."""
    import hashlib

    judged_facts = [
        tool.full_name,
        tool.description,
        tool.kind,
        tool.touches,
        dict(tool.parameters),
    ]
    text = json.dumps(judged_facts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
