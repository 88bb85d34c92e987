"""Reads a PDF page's form fields, typed text, comments and link targets, which its text lacks."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, Final, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from desktop_app.domain.graphemes import shorten

_CHECKABLE_FIELDS: Final = (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON)
_NO: Final = "no"
_OFF: Final = "Off"  # the state of a box that is not ticked
_FIELDS_WITHOUT_VALUE: Final = (raw.FPDF_FORMFIELD_PUSHBUTTON, raw.FPDF_FORMFIELD_SIGNATURE)
# A page of references has hundreds of links, of little use to a model.
_MAX_LINKS: Final = 20
_CHOICE_FIELDS: Final = (raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX)
_MAX_OPTIONS: Final = 2_000
_MAX_STRING_BYTES: Final = 1 << 16
_MARKUPS: Final = (
    raw.FPDF_ANNOT_HIGHLIGHT,
    raw.FPDF_ANNOT_UNDERLINE,
    raw.FPDF_ANNOT_SQUIGGLY,
    raw.FPDF_ANNOT_STRIKEOUT,
)
_COMMENTS: Final = (
    *_MARKUPS,
    raw.FPDF_ANNOT_TEXT,
    raw.FPDF_ANNOT_CARET,
    raw.FPDF_ANNOT_SQUARE,
    raw.FPDF_ANNOT_CIRCLE,
    raw.FPDF_ANNOT_LINE,
    raw.FPDF_ANNOT_POLYGON,
    raw.FPDF_ANNOT_POLYLINE,
    raw.FPDF_ANNOT_INK,
    raw.FPDF_ANNOT_STAMP,
)
# XFA forms name fields by their place in a tree: “topmostSubform[0].Page1[0].f1_01[0]”.
_XFA_NAME: Final = re.compile(r"([^.\[]+\[\d+\]\.)+[^.\[]+(\[\d+\])?")
_MAX_QUOTE_CHARS: Final = 200
_MAX_MARKED_LINES: Final = 20


class _Field(NamedTuple):
    """A field's name and value; `is_shared` if the field has several boxes or buttons."""

    name: str
    value: str
    is_shared: bool = False


def lines(document: pdfium.PdfDocument, page: pdfium.PdfPage, text: str) -> list[str]:
    """Return form fields as "name: value", typed text, comments, and links that `text` lacks.

    Hidden annotations are left out.
    """
    fields: list[_Field] = []
    typed: list[str] = []
    comments: list[str] = []
    open_textpage = cache(page.get_textpage)  # once, if a comment marks words
    links: dict[str, None] = {}
    for annotation in _annotations(page):
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        if _is_hidden(annotation):
            continue
        if kind == raw.FPDF_ANNOT_WIDGET:
            if field := _read_field(document.formenv, annotation):
                fields.append(field)
        elif kind == raw.FPDF_ANNOT_FREETEXT:
            if typed_text := _annotation_string(annotation, b"Contents"):
                typed.append(typed_text)
        elif kind in _COMMENTS and (words := _line(annotation, b"Contents")):
            marked_words = _marked_words(open_textpage(), annotation) if kind in _MARKUPS else ""
            author = _line(annotation, b"T")
            by = f" by {author}" if author else ""
            # Some viewers repeat the marked words as the comment.
            on = f" on “{marked_words}”" if marked_words not in ("", words) else ""
            comments.append(f"Comment{by}{on}: {words}")
        elif kind == raw.FPDF_ANNOT_LINK and (address := _target_url(document, annotation)):
            links[address] = None
    missing_links = [address for address in links if address not in text][:_MAX_LINKS]
    return [
        *(["[form]", *_field_lines(fields)] if fields else []),
        *(["[typed over the page]", *typed] if typed else []),
        *comments,
        *([f"[links] {' '.join(missing_links)}"] if missing_links else []),
    ]


def has_drawings(page: pdfium.PdfPage) -> bool:
    """Return True if a page has a stamp or a pen drawing."""
    drawing_kinds = (raw.FPDF_ANNOT_STAMP, raw.FPDF_ANNOT_INK)
    return any(
        raw.FPDFAnnot_GetSubtype(annotation) in drawing_kinds and not _is_hidden(annotation)
        for annotation in _annotations(page)
    )


def _is_hidden(annotation: Any) -> bool:
    return bool(raw.FPDFAnnot_GetFlags(annotation) & raw.FPDF_ANNOT_FLAG_HIDDEN)


def _marked_words(textpage: pdfium.PdfTextPage, annotation: Any) -> str:
    """Return the beginning of the text below a highlight or underline, on one line."""
    pieces = []
    for index in range(min(raw.FPDFAnnot_CountAttachmentPoints(annotation), _MAX_MARKED_LINES)):
        quad = raw.FS_QUADPOINTSF()
        if raw.FPDFAnnot_GetAttachmentPoints(annotation, index, quad):
            xs = (quad.x1, quad.x2, quad.x3, quad.x4)
            ys = (quad.y1, quad.y2, quad.y3, quad.y4)
            pieces.append(textpage.get_text_bounded(min(xs), min(ys), max(xs), max(ys)))
    return shorten(" ".join(" ".join(pieces).split()), _MAX_QUOTE_CHARS, by_word=True)


def _line(annotation: Any, key: bytes) -> str:
    return " ".join(_annotation_string(annotation, key).split())


def _annotation_string(annotation: Any, key: bytes) -> str:
    return _read_string(partial(raw.FPDFAnnot_GetStringValue, annotation, key))


def field_centers(page: pdfium.PdfPage) -> list[tuple[float, float]]:
    """Return the centers of the form fields on a page, in points."""
    centers = []
    for annotation in _annotations(page):
        if raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_WIDGET:
            rect = raw.FS_RECTF()
            if raw.FPDFAnnot_GetRect(annotation, rect):
                centers.append(((rect.left + rect.right) / 2, (rect.bottom + rect.top) / 2))
    return centers


def _annotations(page: pdfium.PdfPage) -> Iterator[Any]:
    for index in range(raw.FPDFPage_GetAnnotCount(page)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if annotation:
            try:
                yield annotation
            finally:
                raw.FPDFPage_CloseAnnot(annotation)


def _field_lines(fields: Sequence[_Field]) -> Iterator[str]:
    """Yield a line for each field; one for boxes that share a name, if none of them is ticked."""
    named = {field.name for field in fields if field.is_shared and field.value != _NO}
    for field in fields:
        if field.is_shared and field.value == _NO:
            if field.name in named:
                continue
            named.add(field.name)
        yield f"{field.name}: {field.value}"


def _read_field(form_env: Any, annotation: Any) -> _Field | None:
    """Return a field; None for buttons, signatures, and radio buttons not selected.

    Empty fields named by an XFA form are left out, too: such a name says nothing to a reader. If
    the document lacks the form, only fields with a value are returned.
    """
    if not form_env:  # Programs that split files leave out the form, but not its fields.
        name = _annotation_string(annotation, b"T")
        value = _annotation_string(annotation, b"V")
        return _Field(name, value) if value not in ("", _OFF) else None
    kind = raw.FPDFAnnot_GetFormFieldType(form_env, annotation)
    if kind in _FIELDS_WITHOUT_VALUE:
        return None

    def text(get: Callable[..., int]) -> str:
        return _read_string(partial(get, form_env, annotation))

    name = text(raw.FPDFAnnot_GetFormFieldAlternateName) or text(raw.FPDFAnnot_GetFormFieldName)
    if kind in _CHECKABLE_FIELDS:
        # Not pdfium's state, which is wrong with /Opt, and if no appearance is for the state. The
        # appearance may be missing or older than the value, and pdfium makes a missing one "Off".
        states = [_annotation_string(annotation, key) for key in (b"AS", b"V")]
        is_ticked = any(each not in ("", _OFF) for each in states)
        is_box = kind == raw.FPDF_FORMFIELD_CHECKBOX
        is_shared = raw.FPDFAnnot_GetFormControlCount(form_env, annotation) > 1
        if not is_ticked:
            return (
                _Field(name, _NO, is_shared) if is_box and not _XFA_NAME.fullmatch(name) else None
            )
        if is_box and not is_shared:
            return _Field(name, "yes")
        caption = _line(annotation, b"TU")  # of this button; `name` is that of all its buttons
        export_value = text(raw.FPDFAnnot_GetFormFieldExportValue)
        option = caption if caption not in ("", name) else export_value
        return _Field(name, option or states[0], is_shared)
    selected = _selected_options(form_env, annotation) if kind in _CHOICE_FIELDS else ""
    value = selected or text(raw.FPDFAnnot_GetFormFieldValue)
    return _Field(name, value or "(empty)") if value or not _XFA_NAME.fullmatch(name) else None


def _selected_options(form_env: Any, annotation: Any) -> str:
    """Return the labels of a choice field's selected options, which its value may lack.

    The value is the first option's internal name, or what was typed instead of an option.
    """
    count = min(raw.FPDFAnnot_GetOptionCount(form_env, annotation), _MAX_OPTIONS)
    return ", ".join(
        _read_string(partial(raw.FPDFAnnot_GetOptionLabel, form_env, annotation, index))
        for index in range(count)
        if raw.FPDFAnnot_IsOptionSelected(form_env, annotation, index)
    )


def _read_string(get: Callable[..., int]) -> str:
    """Have a function of pdfium fill a buffer with UTF-16, and decode it.

    A text that is too long for the buffer is left out.
    """
    buffer = ctypes.create_string_buffer(_MAX_STRING_BYTES)
    get(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), _MAX_STRING_BYTES)
    text = buffer.raw.decode("utf-16-le", "replace")
    return text.split("\0")[0].replace("\r\n", "\n").replace("\r", "\n").strip()


def _target_url(document: pdfium.PdfDocument, annotation: Any) -> str:
    """Return the URL of a link; "" for links within the document."""
    action = raw.FPDFLink_GetAction(raw.FPDFAnnot_GetLink(annotation))
    buffer = ctypes.create_string_buffer(_MAX_STRING_BYTES)
    raw.FPDFAction_GetURIPath(document, action, buffer, _MAX_STRING_BYTES)
    return buffer.value.decode("utf-8", "replace").strip()
