"""The sources of tools, built in or servers, and the tools of them that one answer may use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple, Protocol

from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.tools.tool import SKILL_PREFIX, ListedTool, ToolContext, ToolDefinition
from desktop_app.domain.value import Value


class ToolSource(Protocol):
    """Source of tools, which runs their calls."""

    @property
    def name(self) -> str:
        """Return the name that its tools have as `ToolDefinition.source`; "" for built-in tools."""

    async def prepare(self) -> None:
        """Get the tools ready, as by starting a server. Raises UserFacingError."""

    async def tools(self) -> Sequence[ListedTool]:
        """Return all known tools, each with the reason if it cannot be used.

        Raises:
            UserFacingError: they could not be read.
        """

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        """Run a call and return its result, as text for the model.

        The call may be canceled at any time. The model is told of any exception, but gets the
        words of a ToolError only.

        Args:
            arguments: the validated object.

        Raises:
            ToolError: the call failed; its text is for the model.
        """


MAX_TOOLS: Final = 128
"""Tools in a request; OpenAI refuses more."""
MAX_DEFINITION_CHARS: Final = 400_000
"""Characters of all definitions in a request, some 100,000 tokens.

A server may change its tools at any time, and each request would cost more.
"""
MAX_NAMED_TOOLS: Final = 5
"""The number of tools beyond the limits that the notice names at most."""


class SourcedTool(NamedTuple):
    """A tool and the source that runs it."""

    definition: ToolDefinition
    source: ToolSource


class ToolSet(Value, frozen=True):
    """The chosen tools by their wire names.

    Attributes:
        missing: the chosen names that are not available, and those of at most MAX_NAMED_TOOLS tools
            beyond the limits, with "…" for the rest.
    """

    tools: Mapping[str, SourcedTool] = {}
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tools)

    @property
    def definitions(self) -> tuple[ToolDefinition, ...]:
        """Return the definitions, in a stable order that keeps the provider's cache."""
        return tuple(self.tools[name].definition for name in sorted(self.tools))


ServerSources = Callable[[], Awaitable[Sequence[ToolSource]]]


async def _no_servers() -> Sequence[ToolSource]:
    return ()


class ToolCatalog:
    """All tools of all sources.

    Args:
        sources: the built-in source first; a later tool of the same wire name is left out.
        servers: returns the sources that may change. Raises UserFacingError.
    """

    def __init__(self, sources: Iterable[ToolSource], servers: ServerSources = _no_servers) -> None:
        self._sources = tuple(sources)
        self._servers = servers

    async def list_tools(self, names: Sequence[str] = ()) -> list[ListedTool]:
        """Return every known tool, available or not; none of a source that cannot list its tools.

        Args:
            names: full names, or SOURCE/*, of tools whose sources are prepared first. If that
                fails, the tools are unavailable, with the failure as the reason.
        """
        return [tool for _, tool in await self._list_all(names)]

    async def server_names(self) -> list[str]:
        """Return the names of the servers. Raises UserFacingError."""
        return [source.name for source in await self._servers()]

    async def choose(self, names: Sequence[str], *, starts_servers: bool = True) -> ToolSet:
        """Return the tools with these full names, or of SOURCE/*, that are available.

        The set has at most MAX_TOOLS tools, of MAX_DEFINITION_CHARS characters in total.

        Args:
            starts_servers: False for the tools as they were last listed.
        """
        if not names:
            return ToolSet()
        available: dict[str, SourcedTool] = {}
        matched_names: set[str] = set()
        for source, tool in await self._list_all(names if starts_servers else ()):
            definition = tool.definition
            matching = {definition.full_name, wildcard_of(source.name)} & set(names)
            if matching and tool.is_available:
                matched_names |= matching
                available.setdefault(definition.wire_name, SourcedTool(definition, source))
        missing_names = [name for name in names if name not in matched_names]
        _merge_skills(available)
        chosen_tools: dict[str, SourcedTool] = {}
        excess_names: list[str] = []
        chars_left = MAX_DEFINITION_CHARS
        for name, sourced_tool in available.items():
            size = len(sourced_tool.definition.sent_text)
            if len(chosen_tools) < MAX_TOOLS and size <= chars_left:
                chosen_tools[name] = sourced_tool
                chars_left -= size
            else:
                excess_names.append(sourced_tool.definition.full_name)
        missing_names += [
            *excess_names[:MAX_NAMED_TOOLS],
            *(["…"] if len(excess_names) > MAX_NAMED_TOOLS else []),
        ]
        return ToolSet(chosen_tools, tuple(missing_names))

    async def _list_all(self, names: Sequence[str]) -> list[tuple[ToolSource, ListedTool]]:
        """Return all tools with their sources, after preparing the sources of `names`."""
        sources = [*self._sources]
        with suppress(UserFacingError):  # the answer has a notice that their tools are missing
            sources += await self._servers()
        needed_sources = {name.partition("/")[0] for name in names if "/" in name}
        await asyncio.gather(*(_prepare(each) for each in sources if each.name in needed_sources))
        tools: list[tuple[ToolSource, ListedTool]] = []
        for source in sources:
            with suppress(UserFacingError):  # the answer has a notice here, too
                tools += [(source, tool) for tool in await source.tools()]
        return tools


def _merge_skills(tools: dict[str, SourcedTool]) -> None:
    """Replace skills, listed as tools of their own, by the tool that reads them."""
    skills = {
        name: tool
        for name, tool in tools.items()
        if tool.definition.full_name.startswith(SKILL_PREFIX)
        and not tool.definition.source  # a server’s name may begin so, too
    }
    if skills:
        from desktop_app.tools.skills.skill_source import reading_tool

        reading = reading_tool([tool.definition for tool in skills.values()])
        source = next(iter(skills.values())).source
        for name in skills:
            del tools[name]
        tools[reading.wire_name] = SourcedTool(reading, source)


def wildcard_of(source: str) -> str:
    """Return the name for all tools of a source."""
    return f"{source}/*"


async def _prepare(source: ToolSource) -> None:
    with suppress(UserFacingError):  # the source gives the reason with its tools
        await source.prepare()
