"""The tools that one answer may use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from desktop_app.domain.errors import UserFacingError
from desktop_app.domain.tools.tool import ListedTool, ToolDefinition
from desktop_app.services.tools.tool_source import ToolSource


@dataclass(frozen=True)
class SourcedTool:
    """A tool and the source that runs it."""

    definition: ToolDefinition
    source: ToolSource


@dataclass(frozen=True)
class ToolSet:
    """The chosen tools, by the name that the model calls them by.

    Attributes:
        missing: the chosen names that are not available.
    """

    tools: Mapping[str, SourcedTool] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tools)

    @property
    def definitions(self) -> tuple[ToolDefinition, ...]:
        """Return the definitions, in a stable order that keeps the provider's cache."""
        return tuple(self.tools[name].definition for name in sorted(self.tools))


class ToolCatalog:
    """All tools of all sources.

    Args:
        sources: the built-in source first; a later tool of the same wire name is left out.
    """

    def __init__(self, sources: Iterable[ToolSource]) -> None:
        self._sources = tuple(sources)

    async def listed(self) -> list[ListedTool]:
        """Return every tool, available or not. Sources that fail are left out."""
        return [tool for _, tool in await self._all()]

    async def chosen(self, names: Sequence[str]) -> ToolSet:
        """Return the tools with these full names that are available."""
        if not names:
            return ToolSet()
        found: dict[str, SourcedTool] = {}
        known: set[str] = set()
        for source, tool in await self._all():
            definition = tool.definition
            if definition.full_name in names and tool.is_available:
                known.add(definition.full_name)
                found.setdefault(definition.wire_name, SourcedTool(definition, source))
        return ToolSet(found, tuple(name for name in names if name not in known))

    async def _all(self) -> list[tuple[ToolSource, ListedTool]]:
        found: list[tuple[ToolSource, ListedTool]] = []
        for source in self._sources:
            try:
                found += [(source, tool) for tool in await source.tools()]
            except UserFacingError:
                continue  # its tools are then missing, which the answer says
        return found
