"""Calls of tools that the provider runs itself, and the pages that an answer cites."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from desktop_app.domain.answering.stream_events import HostedCall
from desktop_app.domain.conversations.message_parts import ToolCallPart
from desktop_app.domain.tools.tool import ToolCallState
from desktop_app.providers.http import json_fields

HOSTED_ITEMS: Final = {
    "web_search_call": "web_search",
    "file_search_call": "file_search",
    "code_interpreter_call": "code_interpreter",
    "image_generation_call": "image_generation",
}
"""The tool by the type of the output items that are its calls."""
INCLUDE_FIELDS: Final = {
    "file_search": "file_search_call.results",
    "code_interpreter": "code_interpreter_call.outputs",
}
"""The parts of a tool's results that the provider sends only if the request asks for them."""
MAX_CITATIONS: Final = 100
MAX_BASE64_CHARS: Final = 16 * 1024 * 1024
_MAX_HEAD_CHARS: Final = 100
_ACTION_FIELDS: Final = ("type", "query", "url", "pattern")
_ADDRESS: Final = re.compile(r"https?://[^\s<>()\[\]]+")
_MARKUP_CHARACTERS: Final = re.compile(r"([\\\[\]<>`*_])")


@dataclass(frozen=True)
class CitedSource:
    """A cited page, or a cited file at the provider, which has no address."""

    address: str
    title: str

    @property
    def name(self) -> str:
        """Return the page's address, or the file's title, which identifies the source."""
        return self.address or self.title

    @property
    def markdown(self) -> str:
        """Return a link with the title as plain text, or the title of a file."""
        title = _MARKUP_CHARACTERS.sub(r"\\\1", " ".join(self.title.split())[:200]) or self.address
        return f"[{title}]({self.address})" if self.address else title


def sources_text(text: str, sources: Iterable[CitedSource]) -> str:
    """Return a list of the sources that a text does not name itself; "" for none.

    JSON stays unchanged: links after it would make it invalid.
    """
    if text.lstrip().startswith(("{", "[")):
        return ""
    links = [f"- {source.markdown}" for source in sources if source.name not in text]
    return "\n\n" + "\n".join(links) if links else ""


def numbered_sources_text(text: str, addresses: Sequence[str]) -> str:
    """Return the addresses that a text cites by number, as in "[2]"; "" if it cites none."""
    if not re.search(r"\[\d+\]", text):
        return ""
    pages = [address for address in addresses[:MAX_CITATIONS] if _ADDRESS.fullmatch(address)]
    return "\n\n" + "\n".join(f"{number}. <{page}>" for number, page in enumerate(pages, 1))


def cited_sources(annotations: Iterable[Mapping[str, Any]]) -> Iterator[CitedSource]:
    """Yield the pages and files that these annotations cite, each once.

    Chat Completions nests the fields of a page under its type.
    """
    seen_names: set[str] = set()
    for each in annotations:
        kind = json_fields.text(each, "type")
        source = CitedSource("", "")
        page = json_fields.mapping(each, "url_citation") or each
        if kind == "url_citation" and _ADDRESS.fullmatch(json_fields.text(page, "url")):
            source = CitedSource(json_fields.text(page, "url"), json_fields.text(page, "title"))
        elif kind == "file_citation":
            source = CitedSource("", json_fields.text(each, "filename").strip())
        if source.name and source.name not in seen_names:
            seen_names.add(source.name)
            yield source
        if len(seen_names) == MAX_CITATIONS:
            return


def code_images(item: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the images that code made at the provider."""
    if json_fields.text(item, "type") == "code_interpreter_call":
        for output in json_fields.rows(item, "outputs"):
            if image := decode_image(json_fields.text(output, "url")):
                yield image


def hosted_call(call_id: str, item: Mapping[str, Any]) -> HostedCall:
    """Return a call from its output item."""
    tool = HOSTED_ITEMS[json_fields.text(item, "type")]
    result, image = "", b""
    match tool:
        case "web_search":
            action = json_fields.mapping(item, "action")
            texts = {name: json_fields.text(action, name) for name in _ACTION_FIELDS}
            arguments: dict[str, Any] = {name: text for name, text in texts.items() if text}
            queries = json_fields.texts(action, "queries")
            if queries and "query" not in arguments:
                arguments["queries"] = queries
        case "file_search":
            arguments = {"queries": json_fields.texts(item, "queries")}
            found = json_fields.rows(item, "results")
            names = (json_fields.text(each, "filename") for each in found)
            result = "\n".join(dict.fromkeys(filter(None, names)))
        case "code_interpreter":
            container = json_fields.text(item, "container_id")
            arguments = {"code": json_fields.text(item, "code"), "container": container}
            logs = (json_fields.text(each, "logs") for each in json_fields.rows(item, "outputs"))
            result = "\n".join(filter(None, logs))
        case _:
            arguments = {"prompt": json_fields.text(item, "revised_prompt")}
            image = decode_image(json_fields.text(item, "result"))
            # Of a picture that the provider blocked.
            result = json_fields.text(json_fields.mapping(item, "error"), "message")
    failed = json_fields.text(item, "status") in ("failed", "incomplete")
    call = ToolCallPart(
        call_id,
        tool,
        json.dumps(arguments, ensure_ascii=False),
        state=ToolCallState.FAILED if failed else ToolCallState.DONE,
        result=result,
        is_hosted=True,
    )
    return HostedCall(call, image)


def decode_image(text: str) -> bytes:
    """Return an image from Base64 or a Base64 data URL; b"" if it is invalid or too large."""
    head, _, encoded = text[:_MAX_HEAD_CHARS].partition(";base64,")
    if encoded and head.startswith("data:image/"):
        text = text[len(head) + len(";base64,") :]
    if not text or len(text) > MAX_BASE64_CHARS:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
