"""Tools and consent for tests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from desktop_app.domain.tools.tool import (
    ListedTool,
    Permission,
    ToolContext,
    ToolDefinition,
    UserReply,
)
from desktop_app.tools.calls.consent import ConsentBroker, ConsentQuestion, Decision, ServerQuestion
from desktop_app.tools.calls.tool_set import ToolCatalog


class Permissions:
    """A permission store in memory."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], Permission] = {}

    async def permission(self, conversation_id: str, tool: str, fingerprint: str) -> Permission:
        """Return the saved permission."""
        here = self.kept.get((conversation_id, tool, fingerprint))
        return here or self.kept.get(("", tool, fingerprint)) or Permission.ASK

    async def save(
        self, conversation_id: str, tool: str, fingerprint: str, permission: Permission
    ) -> None:
        """Save a permission."""
        where = conversation_id if permission is Permission.CONVERSATION else ""
        self.kept[where, tool, fingerprint] = permission


class Answers:
    """A user who answers each question with the next decision, and allows when none is left."""

    def __init__(self, *decisions: Decision) -> None:
        self.questions: list[ConsentQuestion] = []
        self.server_questions: list[ServerQuestion] = []
        self.stored: list[Permission] = []
        self._decisions = list(decisions)

    async def decide(self, question: ConsentQuestion, stored: Permission) -> Decision:
        """Return the next decision."""
        self.questions.append(question)
        self.stored.append(stored)
        return self._decisions.pop(0) if self._decisions else Decision(is_allowed=True)

    async def ask_user(self, question: ServerQuestion) -> UserReply:
        """Decline."""
        self.server_questions.append(question)
        return UserReply("decline")


Run = Callable[[Any], Awaitable[str]]


class Source:
    """A source of one tool per function: `name=function(arguments)`."""

    def __init__(self, name: str = "", **runs: Run) -> None:
        self.name, self._runs = name, runs
        self.calls: list[tuple[str, Any]] = []
        self.parameters: dict[str, Any] = {"type": "object"}
        self.is_prepared = False

    async def prepare(self) -> None:
        """Remember that the tools will be used."""
        self.is_prepared = True

    async def tools(self) -> Sequence[ListedTool]:
        """Return all tools."""
        return [
            ListedTool(ToolDefinition(name, f"Does {name}.", self.parameters, source=self.name))
            for name in self._runs
        ]

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        """Run the function."""
        self.calls.append((tool.name, arguments))
        return await self._runs[tool.name](arguments)


def no_tools() -> ToolCatalog:
    """Return a catalog without tools."""
    return ToolCatalog(())


def broker(*decisions: Decision) -> ConsentBroker:
    """Return a broker with a user who gives these decisions, then allows everything."""
    made = ConsentBroker(Permissions())
    made.set_source(Answers(*decisions))
    return made
