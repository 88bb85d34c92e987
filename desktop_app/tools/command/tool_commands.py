"""`repartee tools`, and the tools that `repartee ask` may use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import Any, Final

from desktop_app.backend.backend import Backend
from desktop_app.chat.command.chosen_model import fetch_listing_if_stale
from desktop_app.cli.command_line import Options
from desktop_app.cli.command_setup import open_backend, run_command
from desktop_app.cli.console import write_json, write_line
from desktop_app.domain import hints
from desktop_app.domain.answering.chat_request import ProviderKind
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.error_text import TERMINAL, error_segments
from desktop_app.domain.errors import IllegalChoiceError, UserFacingError
from desktop_app.domain.graphemes import shorten
from desktop_app.domain.places import plain_text
from desktop_app.domain.tools.tool import OWN_SEARCH, PAGE_TOOL, WEB_SEARCH, ListedTool
from desktop_app.i18n.translation import N_, in_english, tr
from desktop_app.providers.models.choice_resolution import ResolvedChoice
from desktop_app.tools.calls.hosted_tools import hosted_refusal, price_text
from desktop_app.tools.calls.tool_set import wildcard_of
from desktop_app.tools.servers.remote_tool import ALL_TOOLS

_MAX_SUMMARY_CHARS: Final = 200
_SENTENCE_END: Final = re.compile(r"\.\s|\n")


def run_tools(options: Options) -> int:
    return run_command(_list_tools(as_json=options.json), options)


async def _list_tools(*, as_json: bool) -> int:
    async with open_backend() as backend:
        names = [wildcard_of(server) for server in await backend.tools.server_names()]
        tools = await backend.tools.list_tools(names)
        choice = await _default_choice(backend)
    with in_english() if as_json else nullcontext():
        listed = [(tool, refusal_text(_refusal(tool, choice))) for tool in tools]
    if as_json:
        write_json([tool_json(tool, refusal) for tool, refusal in listed])
        return 0
    width = max((len(tool.definition.full_name) for tool in tools), default=0)
    for tool, refusal in listed:
        price = "" if refusal else price_text(tool, backend.catalog.hosted_tools, choice.profile)
        description = " ".join(filter(None, (tool_summary(tool, refusal), price)))
        write_line(f"{tool.definition.full_name:<{width}}  {description}".rstrip())
    return 0


async def _default_choice(backend: Backend) -> ResolvedChoice:
    """Return the default choice, after fetching the models of a provider that lists its own."""
    await backend.listings.load()
    values = await backend.values()
    profile = await backend.providers.default_profile(values)
    if profile.kind is ProviderKind.COMPATIBLE and not profile.models:
        with suppress(UserFacingError, TimeoutError):  # then the model is unknown
            await fetch_listing_if_stale(backend, profile)
        profile = await backend.providers.default_profile(values)
    return backend.chat.resolve(profile, backend.providers.default_choice(profile, values))


def tool_summary(tool: ListedTool, refusal: str) -> str:
    """Return why a tool is unavailable, or else its description.

    The description of a tool of a server is cut after its first sentence, or after 200 characters.
    """
    if refusal:
        return tr("Unavailable: {reason}", reason=refusal)
    description = tool.definition.display_description
    if not tool.definition.source:
        return description
    summary = _SENTENCE_END.split(description, maxsplit=1)[0].rstrip(".")
    return shorten(summary, _MAX_SUMMARY_CHARS)


def tool_json(tool: ListedTool, refusal: str) -> dict[str, Any]:
    return {
        "name": tool.definition.full_name,
        "description": tool.definition.description,
        "kind": tool.definition.kind.value,
        "available": not refusal,
        "reason": refusal,
    }


async def require_tools(
    backend: Backend, names: Sequence[str], resolved: ResolvedChoice, *, is_saved: bool
) -> None:
    """Raise unless all tools can be used.

    Args:
        names: full names, or SOURCE/* for a whole source, which must have a usable tool.
        is_saved: the answer is stored, so that its images can be kept.

    Raises:
        IllegalChoiceError: a tool does not exist or cannot be used.
    """
    listed = {tool.definition.full_name: tool for tool in await backend.tools.list_tools(names)}
    for name in names:
        source, _, tool = name.rpartition("/")  # a server that the user typed may contain slashes
        if tool == ALL_TOOLS and source:
            tools = [each for each in listed.values() if each.definition.source == source]
            refusals = [each.refusal for each in tools if each.refusal is not None]
            if len(refusals) < len(tools):
                continue
            if refusals:
                raise _unavailable_error(name, refusals[0])
        if name not in listed:
            known_names = ", ".join(sorted(listed))
            if tool == ALL_TOOLS:
                server_names = await backend.tools.server_names()
                servers = ", ".join(server_names)
                if source in server_names:
                    raise IllegalChoiceError(
                        N_("The tool server “{server}” has no tools that a model can call."),
                        server=source,
                    )
                raise IllegalChoiceError(
                    N_("There is no tool server named “{server}”."),
                    server=source,
                    known=servers,
                    hint=hints.LIST_AVAILABLE if servers else "",
                )
            raise IllegalChoiceError(
                N_("There is no tool named “{tool}”."),
                hint=hints.LIST_AVAILABLE,
                tool=name,
                known=known_names,
            )
        definition = listed[name].definition
        refusal = _refusal(listed[name], resolved)
        if refusal and definition.name == WEB_SEARCH and OWN_SEARCH in listed:
            own_refusal = listed[OWN_SEARCH].refusal  # of the search that would replace it
            refusal = own_refusal and replace(refusal, hint=own_refusal.hint)
        if definition.hosted is not None and definition.name == "image_generation" and not is_saved:
            refusal = ErrorNote(N_("Images are kept only with --save."))
        if refusal:
            raise _unavailable_error(name, refusal)


async def require_known_tools(
    backend: Backend, allowed_names: Sequence[str], offered_names: Sequence[str]
) -> None:
    """Raise unless all tools that may run without confirmation exist.

    Args:
        allowed_names: the values of --allow-tool: full names, SOURCE/* for a whole source, or the
            page tool with a host.
        offered_names: the tools that the answer may call. Their servers are started if needed.

    Raises:
        IllegalChoiceError: a tool does not exist, or the page tool has no host.
    """
    if not allowed_names:
        return
    listed = {tool.definition.full_name for tool in await backend.tools.list_tools(offered_names)}
    known_names = listed | {wildcard_of(server) for server in await backend.tools.server_names()}
    for name in allowed_names:
        tool, _, host = name.partition(":")
        if tool == PAGE_TOOL and host:
            continue
        if name == PAGE_TOOL:
            raise IllegalChoiceError(
                N_("“{tool}” is allowed for one host at a time."),
                hint=N_("Add the host, as in {example}."),
                tool=name,
                example=f"{PAGE_TOOL}:example.org",
            )
        if name not in known_names and wildcard_of(name.partition("/")[0]) not in listed:
            raise IllegalChoiceError(
                N_("There is no tool named “{tool}”."),
                hint=hints.LIST_AVAILABLE,
                tool=name,
                known=", ".join(sorted(known_names)),
            )


def _unavailable_error(name: str, refusal: ErrorNote) -> IllegalChoiceError:
    return IllegalChoiceError(
        N_("The tool “{tool}” isn’t available. {words}"),
        refusal.hint,
        params=refusal.params,
        tool=name,
        words=refusal.what_happened,
    )


def _refusal(tool: ListedTool, resolved: ResolvedChoice) -> ErrorNote | None:
    """Return why a tool cannot be used with a model; None if it can."""
    is_hosted = tool.definition.hosted is not None
    refusal = hosted_refusal(tool.definition.name, resolved) if is_hosted else None
    return refusal or tool.refusal


def refusal_text(refusal: ErrorNote | None) -> str:
    """Return the sentences of a tool's refusal; "" without one."""
    return "" if refusal is None else plain_text(error_segments(refusal, TERMINAL))
