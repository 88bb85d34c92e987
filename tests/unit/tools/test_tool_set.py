"""The tools that an answer may use."""

from __future__ import annotations

from typing import Any

import pytest

from desktop_app.tools.calls.tool_set import MAX_DEFINITION_CHARS, MAX_TOOLS, ToolCatalog
from tests.helpers.tools import Source


async def nothing(_arguments: Any) -> str:
    return ""


async def test_the_servers_are_named_without_the_built_in_source() -> None:
    async def servers() -> list[Source]:
        return [Source("a"), Source("b")]

    assert await ToolCatalog([Source("")], servers).server_names() == ["a", "b"]
    assert await ToolCatalog([Source("")]).server_names() == []


async def test_no_more_tools_are_sent_than_a_request_may_have() -> None:
    many = Source("many", **{f"t{number:03}": nothing for number in range(200)})
    found = await ToolCatalog([many]).choose(["many/*", "none"])
    assert len(found.definitions) == MAX_TOOLS == 128
    assert found.definitions[-1].full_name == "many/t127"
    assert found.missing == ("none", *(f"many/t{number}" for number in range(128, 133)), "…")
    few = await ToolCatalog([many]).choose(["many/t150"])
    assert [tool.full_name for tool in few.definitions] == ["many/t150"]
    assert few.missing == ()


@pytest.mark.attack("tools")
async def test_the_definitions_of_a_server_cannot_grow_without_end() -> None:
    greedy, modest = Source("greedy", a=nothing, b=nothing, c=nothing), Source("modest", d=nothing)
    greedy.parameters = {"type": "object", "description": "x" * (MAX_DEFINITION_CHARS // 2 - 100)}
    found = await ToolCatalog([greedy, modest]).choose(["greedy/*", "modest/d"])
    assert [tool.full_name for tool in found.definitions] == ["greedy/a", "greedy/b", "modest/d"]
    assert found.missing == ("greedy/c",)


async def test_only_the_sources_of_chosen_tools_are_prepared() -> None:
    sources = [Source(name, look=nothing) for name in ("a", "b", "look")]

    async def servers() -> list[Source]:
        return sources

    catalog = ToolCatalog([Source("", look=nothing)], servers)
    listed = await catalog.choose(["a/look", "look"], starts_servers=False)
    assert [tool.full_name for tool in listed.definitions] == ["a/look", "look"]
    assert not any(source.is_prepared for source in sources)
    await catalog.choose(["a/look", "look"])
    assert [source.is_prepared for source in sources] == [True, False, False]
