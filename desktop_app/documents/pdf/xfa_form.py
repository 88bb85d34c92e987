"""Reads XFA forms, whose PDF only says "Please wait…": a template and data, both XML.

Adobe LiveCycle makes such forms, mostly for authorities and banks. pdfium's usual build cannot lay
them out, so the template's texts come in their order, each field as "caption: value". Scripts do
not run: parts that they would show or hide are as in the template.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pypdfium2 as pdfium
from lxml import etree
from pypdfium2 import raw

_MAX_PACKET_BYTES: Final = 32 << 20  # the template of a large public form has 2 MB
_MAX_NAME_BYTES: Final = 64
_BARE_AMPERSAND: Final = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);)")
_HIDDEN: Final = ("hidden", "invisible", "inactive")
_CONTAINERS: Final = ("subform", "subformSet", "area", "pageSet", "pageArea")
_XHTML: Final = "http://www.w3.org/1999/xhtml"

Element = Any  # lxml has no types


class UnreadableFormError(Exception):
    """The form lacks a template and data, or they are not well-formed."""


def read(document: pdfium.PdfDocument, *, answers_only: bool = False) -> str:
    """Return the text of the form, or what its data have.

    Raises:
        UnreadableFormError: there is nothing to read.
    """
    try:
        roots = [root for packet in _packets(document) if (root := _parsed(packet)) is not None]
        template = next((e for root in roots for e in _all(root, "template")), None)
        datasets = next((e for root in roots for e in _all(root, "datasets")), None)
        lines = list(_Form(datasets).lines(None if answers_only else template))
    except RecursionError as error:
        raise UnreadableFormError("nested too deeply") from error
    if not lines:
        raise UnreadableFormError("no text and no data")
    return "\n".join(lines)


def _packets(document: pdfium.PdfDocument) -> Iterator[bytes]:
    """Yield the template and the data; the whole form if it is in one piece."""
    count = raw.FPDF_GetXFAPacketCount(document)
    size = ctypes.c_ulong()
    for index in range(count):
        name = ctypes.create_string_buffer(_MAX_NAME_BYTES)
        raw.FPDF_GetXFAPacketName(document, index, name, _MAX_NAME_BYTES)
        if count > 1 and name.value not in (b"template", b"datasets"):
            continue
        raw.FPDF_GetXFAPacketContent(document, index, None, 0, size)
        if size.value > _MAX_PACKET_BYTES:
            raise UnreadableFormError("too large")
        buffer = ctypes.create_string_buffer(size.value)
        raw.FPDF_GetXFAPacketContent(document, index, buffer, size.value, size)
        yield buffer.raw


def _parsed(data: bytes) -> Element | None:
    """Parse a packet; return None if it is no XML.

    Adobe reads "&" for "&amp;", too. A packet with a document type is refused: its entities could
    grow without limit, or name files.
    """
    parser = etree.XMLParser(
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(_BARE_AMPERSAND.sub(b"&amp;", data.strip()), parser)
    except etree.XMLSyntaxError:  # nothing to recover
        return None
    return None if root is None or root.getroottree().docinfo.doctype else root


class _Choice(NamedTuple):
    """An option of a choice field: the stored value, and what the user sees."""

    value: str
    shown: str


class _Form:
    """A form's data, of which each value is shown in one field.

    Args:
        datasets: the element with the data; None if the form has no data.
    """

    def __init__(self, datasets: Element | None) -> None:
        self._datasets = datasets
        found = [] if datasets is None else [e for e in datasets if _name(e) == "data"]
        self._data: Element = found[0] if found else etree.Element("data")
        self._shown: set[Element] = set()
        self._drawn: set[Element] = set()  # a table's captions come once, not for each row

    def lines(self, template: Element | None) -> Iterator[str]:
        """Yield the shown texts and the fields, then values for which there is no field."""
        if template is not None:
            yield from self._container(template, self._data)
        for leaf in _leaves(self._data):
            if leaf not in self._shown and (value := _value(leaf)):
                yield f"{_name(leaf)}: {value}"

    def _container(self, template: Element, data: Element) -> Iterator[str]:
        for element in template:
            kind = _name(element)
            if kind in _CONTAINERS:
                for node in self._instances(element, data):
                    yield from self._container(element, node)
            elif kind == "draw" and element not in self._drawn:
                self._drawn.add(element)
                if element.get("presence") not in _HIDDEN and (text := _text_of(element, "value")):
                    yield text
            elif kind == "field":
                yield from self._field(element, data)
            elif kind == "exclGroup":
                yield from self._options(element, data)

    def _instances(self, subform: Element, data: Element) -> list[Element]:
        if not subform.get("name") or _bind(subform, "match") == "none":
            return [data]
        nodes = self._bound(subform, data)
        self._shown.update(nodes)
        return nodes or [etree.Element("none")]

    def _bound(self, element: Element, data: Element) -> list[Element]:
        """Return the data for an element of the template that is not shown elsewhere yet."""
        reference = _bind(element, "ref")
        if not reference:
            nodes = [each for each in data if _name(each) == element.get("name")]
        else:
            steps = [step.partition("[")[0] for step in reference.split(".")]
            nodes = [data]
            if steps[0] in ("$record", "$data"):
                nodes = list(self._data) if steps[0] == "$record" else [self._data]
            for step in steps:
                if step and not step.startswith(("$", "!")):
                    nodes = [each for node in nodes for each in node if _name(each) == step]
        return [node for node in nodes if node not in self._shown]

    def _take(self, element: Element, data: Element) -> str:
        """Return the value of a field or group; "" if it has none."""
        nodes = self._bound(element, data)
        if nodes:
            self._shown.update(nodes[0].iter())
            return _value(nodes[0])
        return _text_of(element, "value") if self._datasets is None else ""

    def _field(self, field: Element, data: Element) -> Iterator[str]:
        ui = next((each for each in field if _name(each) == "ui"), ())
        kinds = {_name(each) for each in ui}
        if "button" in kinds or "signature" in kinds:
            return
        value = self._take(field, data)
        if not value and field.get("presence") in _HIDDEN:
            return
        label = _label(field)
        if "checkButton" in kinds:
            yield f"{_box(field, value)} {label}"
            return
        chosen = value.split("\n") if value else []
        shown = {choice.value: choice.shown for choice in reversed(self._choices(field))}
        if chosen and all(each in shown for each in chosen):
            value = ", ".join(shown[each] for each in chosen)
        yield f"{label}: {value or '(empty)'}"

    def _options(self, group: Element, data: Element) -> Iterator[str]:
        """Yield a line with the options of a group, of which one is chosen."""
        fields = [each for each in group if _name(each) == "field"]
        value = self._take(group, data)
        boxes = (f"{_box(each, value or self._take(each, data))} {_label(each)}" for each in fields)
        yield f"{_label(group)}: {' '.join(boxes)}"

    def _choices(self, field: Element) -> list[_Choice]:
        """Return the options of a choice field, from the template or from other data."""
        lists = [each for each in field if _name(each) == "items"]
        shown = next((items for items in lists if items.get("save") != "1"), None)
        saved = next((items for items in lists if items.get("save") == "1"), shown)
        if shown is not None and saved is not None:
            return [
                _Choice(_text(value), _text(label))
                for value, label in zip(saved, shown, strict=False)
            ]
        source = next((each for each in field if _name(each) == "bindItems"), None)
        if source is None or self._datasets is None:
            return []
        steps = [step.partition("[")[0] for step in source.get("ref", "").split(".")]
        nodes = [self._datasets]
        for step in steps[steps.index("datasets") + 1 :] if "datasets" in steps else [""]:
            nodes = [each for node in nodes for each in node if _name(each) == step]
        value_ref, label_ref = source.get("valueRef", "$"), source.get("labelRef", "$")
        return [_Choice(_at(node, value_ref), _at(node, label_ref)) for node in nodes]


def _at(node: Element, reference: str) -> str:
    """Return the text of a node, its attribute or its child."""
    if reference == "$":
        return _text(node)
    name = reference.removeprefix("$.")
    return node.get(name) or " ".join(_text(each) for each in node if _name(each) == name)


def _box(field: Element, value: str) -> str:
    """Return a ticked box if the value is that of the field, else an empty one."""
    items = next((each for each in field if _name(each) == "items"), ())
    on = next((_text(each) for each in items), "1")
    return "☒" if value == on else "☐"


def _label(element: Element) -> str:
    """Return the caption of a field, else what screen readers say, else its name."""
    caption = next((each for each in element if _name(each) == "caption"), None)
    is_shown = caption is not None and caption.get("presence") not in _HIDDEN
    text = _text_of(caption, "value") if caption is not None and is_shown else ""
    if not text:
        assist = next((each for each in element if _name(each) == "assist"), ())
        texts = {_name(each): _text(each) for each in assist}
        text = texts.get("toolTip") or texts.get("speak") or element.get("name", "")
    return " ".join(text.split()).removesuffix(":")


def _bind(element: Element, key: str) -> str:
    return next((each.get(key, "") for each in element if _name(each) == "bind"), "")


def _text_of(element: Element, name: str) -> str:
    return "\n".join(_text(each) for each in element if _name(each) == name)


def _value(leaf: Element) -> str:
    """Return the text of a value; for a picture or file, its type."""
    kind = next((v for k, v in leaf.attrib.items() if k.endswith("}contentType")), "")
    if kind and not kind.startswith("text/"):
        return f"[{kind}]" if leaf.text else ""
    if not len(leaf) or any(_is_xhtml(each) for each in leaf):
        return _text(leaf)
    return "\n".join(filter(None, map(_text, _leaves(leaf))))


def _text(element: Element) -> str:
    """Return all text in an element, a line for each paragraph; without bytes of pictures."""
    if _name(element) == "image" or any(_name(each) == "image" for each in element):
        return ""
    paragraphs = [each for each in element.iter() if _name(each) in ("p", "li")]
    texts = ["".join(each.itertext()) for each in paragraphs or [element]]
    return "\n".join(filter(None, (" ".join(text.split()) for text in texts)))


def _leaves(element: Element) -> Iterator[Element]:
    for each in element:
        if len(each) and not any(_is_xhtml(child) for child in each):
            yield from _leaves(each)
        else:
            yield each


def _all(root: Element, name: str) -> list[Element]:
    return [e for e in (root, *root) if _name(e) == name]


def _is_xhtml(element: Element) -> bool:
    return str(element.tag).startswith(f"{{{_XHTML}}}")


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]  # ":" for an unknown prefix
