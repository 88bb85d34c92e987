"""The tools that a provider runs itself, offered if provider and model support them.

Choosing a tool is the consent: the provider runs it without asking, and bills each call.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

from desktop_app.domain.answering.chat_request import API_KEY_HEADER, ProviderKind, ProviderProfile
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.error_note import ErrorNote
from desktop_app.domain.lazy_pattern import lazy_pattern
from desktop_app.domain.models.model_catalog import Api, family_of
from desktop_app.domain.tools.image_settings import (
    AUTO,
    IMAGE_TOOL,
    QUALITIES,
    REQUESTED_IMAGE,
    image_price,
    shape_of,
)
from desktop_app.domain.tools.tool import (
    CODE_INTERPRETER,
    HOSTED_TOOLS,
    WEB_SEARCH,
    ListedTool,
    ToolCallState,
    ToolContext,
    ToolDefinition,
    ToolError,
    ToolKind,
)
from desktop_app.i18n import formatting
from desktop_app.i18n.translation import N_, tr
from desktop_app.providers.models.choice_resolution import ResolvedChoice

IMAGE_MODEL: Final = "gpt-image-2"
"""The model that makes images, whose prices resources/models.toml has.

Without a name, OpenAI chooses one: gpt-image-1 until that was shut down on 23 October 2026.
"""
_FILE_SEARCH: Final = "file_search"
_OPENAIS: Final = lazy_pattern(r"gpt-(?!oss)|o\d")
"""The families of models that OpenAI alone serves, or has others serve."""


_TEXTS: Final = {
    WEB_SEARCH: ("Searches the web.", N_("The provider searches the web.")),
    _FILE_SEARCH: (
        "Searches the files of a vector store at the provider.",
        N_("The provider searches files that you have stored there."),
    ),
    CODE_INTERPRETER: (
        "Runs Python at the provider.",
        N_("The provider runs Python in a container."),
    ),
    IMAGE_TOOL: ("Generates images.", N_("The provider generates images.")),
}
"""The description of each tool for the model, and what it touches, for the user."""
_REQUEST_FIELDS: Final[Mapping[str, Mapping[str, Any]]] = {
    WEB_SEARCH: {"type": "web_search"},
    CODE_INTERPRETER: {"type": "code_interpreter", "container": {"type": "auto"}},
    # The request adds quality and size, on which the price depends: see providers/apis/responses.
    IMAGE_TOOL: {"type": IMAGE_TOOL, "model": IMAGE_MODEL},
}


class HostedTools:
    """The source of hosted tools.

    Args:
        vector_stores: returns the ids of the user's vector stores.
        search_fields: returns the settings of web searches: see `search_fields`.
    """

    name = ""

    def __init__(
        self,
        vector_stores: Callable[[], Awaitable[Sequence[str]]],
        search_fields: Callable[[], Awaitable[Mapping[str, Any]]],
    ) -> None:
        self._vector_stores = vector_stores
        self._search_fields = search_fields

    async def prepare(self) -> None:
        """Do nothing."""

    async def tools(self) -> Sequence[ListedTool]:
        """Return all hosted tools. Raises UserFacingError."""
        store_ids = list(await self._vector_stores())
        request_fields = {
            **_REQUEST_FIELDS,
            _FILE_SEARCH: {"type": _FILE_SEARCH, "vector_store_ids": store_ids},
            WEB_SEARCH: {**_REQUEST_FIELDS[WEB_SEARCH], **await self._search_fields()},
        }
        refusals: dict[str, ErrorNote] = {}
        if not store_ids:
            refusals[_FILE_SEARCH] = ErrorNote(
                N_("There is no vector store."),
                hint=N_("Enter the ID of a vector store in {advanced_page}."),
            )
        return [
            ListedTool(
                ToolDefinition(
                    name,
                    _TEXTS[name][0],
                    kind=ToolKind.LEAVES,
                    touches=_TEXTS[name][1],
                    needs_consent=False,
                    hosted=request_fields[name],
                ),
                refusals.get(name),
            )
            for name in HOSTED_TOOLS
        ]

    async def call(self, tool: ToolDefinition, arguments: Any, context: ToolContext) -> str:
        """Raise ToolError: only the provider runs hosted tools."""
        raise ToolError("Only the provider runs this tool.")


def search_fields(domains: Sequence[str], location: str) -> dict[str, Any]:
    """Return the fields of a web search that is limited to domains or made for a place.

    Source: openai-python, `types/responses/web_search_tool.py`, read on 29 November 2026. Its
    `search_context_size` is left out: its default is the middle, and its price is the same.

    Args:
        location: "City", "City, CC", "City, Region, CC" or "CC", with a country's two letters.
    """
    fields: dict[str, Any] = {}
    if domains:
        fields["filters"] = {"allowed_domains": list(domains)}
    names = [name.strip() for name in location.split(",") if name.strip()]
    place: dict[str, str] = {}
    if names and len(names[-1]) == 2 and names[-1].isalpha() and names[-1].isascii():
        place["country"] = names.pop().upper()
    place.update(zip(("city", "region"), names, strict=False))
    if place:
        fields["user_location"] = {"type": "approximate", **place}
    return fields


def hosted_refusal(name: str, resolved: ResolvedChoice) -> ErrorNote | None:
    """Return why a model cannot use a hosted tool; None if it can."""
    profile, model = resolved.profile, resolved.model
    if profile.kind is ProviderKind.ON_DEVICE:
        return ErrorNote(N_("Local models don’t run tools themselves."))
    if not _may_run_tools(resolved) or profile.api is Api.CHAT_COMPLETIONS:
        return ErrorNote(
            N_("{provider} doesn’t run tools itself."), params={"provider": profile.name}
        )
    if model.hosted_tools is not None and name not in model.hosted_tools:
        return ErrorNote(N_("{model} doesn’t support this tool."), params={"model": model.name})
    return None


def _may_run_tools(resolved: ResolvedChoice) -> bool:
    """Return True if the provider may run tools for the model, as far as the two are known.

    A gateway may have any of OpenAI's models. A deployment at Azure has any name.
    """
    profile, model = resolved.profile, resolved.model
    is_azure = profile.key_header == API_KEY_HEADER
    is_openais = model.hosted_tools is not None or _OPENAIS.match(family_of(model.id))
    return profile.serves_gpt_family or is_azure or bool(is_openais)


def price_text(tool: ListedTool, prices: Mapping[str, Decimal], profile: ProviderProfile) -> str:
    """Return the price of a hosted call as text; "" for other tools or an unknown price."""
    if tool.definition.hosted is None:
        return ""
    return hosted_price_text(tool.definition.name, prices, profile)


def hosted_price_text(name: str, prices: Mapping[str, Decimal], profile: ProviderProfile) -> str:
    """Return the price of a call of a hosted tool as text; "" if it is unknown."""
    price = prices.get(name)
    if price is None:
        return ""
    money = formatting.exact_money(price * profile.price_multiplier)
    if name == CODE_INTERPRETER:  # later code in the same container is free
        return tr("At most {price} per use, besides the tokens.", price=money)
    return tr("{price} per use, besides the tokens.", price=money)


def _call_price(call: ToolCallPart, prices: Mapping[str, Decimal]) -> Decimal | None:
    """Return the price of a call; of an image, as the provider reports quality and size."""
    if call.name == IMAGE_TOOL:
        with suppress(ValueError, LookupError, TypeError):
            made = json.loads(call.arguments)
            shape, quality = shape_of(made["size"]), made["quality"]
            if shape and quality in QUALITIES and quality != AUTO:
                price = image_price(prices, shape, quality)
                return prices.get(REQUESTED_IMAGE) if price is None else price
        return prices.get(REQUESTED_IMAGE)
    return prices.get(call.name)


def hosted_cost(calls: Iterable[ToolCallPart], prices: Mapping[str, Decimal]) -> Decimal:
    """Return the cost of hosted calls in US dollars.

    A container is billed once, and failures are free. A tool without a price in `prices` adds 0.
    REQUESTED_IMAGE has the price of an image of which nothing is reported.
    """
    total = Decimal(0)
    containers: set[str] = set()
    for call in calls:
        if not call.is_hosted or call.state is ToolCallState.FAILED:
            continue
        if call.name == CODE_INTERPRETER:
            container = ""  # the call may not name it
            with suppress(ValueError, LookupError, TypeError):
                container = str(json.loads(call.arguments)["container"])
            if container in containers:
                continue
            containers.add(container)
        total += _call_price(call, prices) or Decimal(0)
    return total
