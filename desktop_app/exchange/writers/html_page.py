"""Writes the shown messages of a conversation as a self-contained HTML page.

The page is light or dark like the reader's system. It has no scripts and no external resources:
images are embedded, formulas are inline drawings, and a policy in its head makes the browser block
everything else. The text of messages is escaped.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Final, NamedTuple, Protocol

from desktop_app.domain.conversations.conversation import Conversation, Message, Role
from desktop_app.domain.conversations.message_facts import (
    answer_facts,
    argument_lines,
    attachment_line,
    call_caption,
    export_ending,
    heading_of,
    reasoning_title,
    sent_passages,
)
from desktop_app.domain.conversations.message_parts import ImagePart, ReasoningPart, ToolCallPart
from desktop_app.domain.error_text import NOT_CONTINUABLE
from desktop_app.exchange.writers.html_style import STYLE
from desktop_app.markdown.block_model import (
    ADDED_MARK,
    Block,
    Run,
    Runs,
    clean_text,
    show_invisible,
)
from desktop_app.markdown.export.html_writer import HtmlWriter
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.parsing.own_links import link_to_mark
from desktop_app.markdown.processes import highlight
from desktop_app.markdown.processes.math_typesetting import Formula
from desktop_app.markdown.structured_answer import with_rendered_form

_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_EMBEDDED_TYPES: Final = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
END: Final = "</main>\n</body>\n</html>\n"

_HEAD: Final = """\
<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
img-src data:; form-action 'none'; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
"""


class EmbeddedImage(NamedTuple):
    media_type: str
    data: bytes


class TypesetFormula(Protocol):
    """A function that typesets a formula, or returns None to keep it as it is written."""

    def __call__(self, tex: str, *, display: bool) -> Formula | None: ...


class HtmlPage:
    """A writer of a page in pieces.

    A page is the head, each message, and `END`.
    """

    def __init__(
        self, name_of_model: Callable[[str], str], typeset_formula: TypesetFormula
    ) -> None:
        self._name_of_model = name_of_model
        self._typeset_formula = typeset_formula
        self._text_count = 0

    def render_head(self, conversation: Conversation) -> str:
        """Return everything above the first message."""
        return _HEAD.format(title=_to_html(conversation.title), style=STYLE)

    def render_message(self, message: Message, images: Mapping[str, EmbeddedImage]) -> str:
        """Return a message; `images` has its images that can be shown, by SHA-256."""
        is_question = message.role is Role.USER
        heading = _to_html(heading_of(message, self._name_of_model))
        body: Iterable[str] = self._render_answer(message, images)
        if is_question:
            said = [f'<div class="said">{_to_html(message.text)}</div>'] if message.text else []
            body = (*said, *_render_attachments(message, images))
        return "\n".join(
            (
                f'<article class="{"question" if is_question else "answer"}">',
                f'<header class="who">{heading}</header>',
                *body,
                "</article>\n",
            )
        )

    def _render_answer(
        self, message: Message, images: Mapping[str, EmbeddedImage]
    ) -> Iterator[str]:
        for part in message.parts:
            if isinstance(part, ReasoningPart) and part.text.strip():
                title = _to_html(reasoning_title(part.text, part.seconds))
                body = self._render_markdown(part.text)
                yield f"<details><summary>{title}</summary><div>{body}</div>"
                yield "</details>"
            elif isinstance(part, ToolCallPart):
                yield f"<details><summary>{_to_html(call_caption(part))}</summary>"
                arguments = _visible_text("\n".join(argument_lines(part.run_arguments)))
                yield code_block("json", arguments)
                if part.result:
                    yield code_block("", _visible_text(part.result))
                yield "</details>"
        yield from _render_attachments(message, images)
        answer = with_rendered_form(message, as_text=False)
        if answer.text:
            yield self._render_markdown(answer.text)
        yield from _render_ending(message)
        facts = " · ".join(answer_facts(message, self._name_of_model))
        if facts:
            yield f'<footer class="facts">{_to_html(facts)}</footer>'

    def _render_markdown(self, markdown: str) -> str:
        self._text_count += 1
        return _PageWriter(self._typeset_formula, self._text_count).write(render(markdown))


class _PageWriter(HtmlWriter):
    """A writer of colored code and drawn formulas; the page's style formats tables."""

    table_attributes = ""

    def __init__(self, typeset_formula: TypesetFormula, number: int) -> None:
        """Set up; `number` makes this text's footnotes unique on the page."""
        super().__init__()
        self._typeset_formula = typeset_formula
        self._number = number
        self._used_ids: set[str] = set()

    def direction_attribute(self, _runs: Runs, *, of_container: bool) -> str:
        """Let browsers detect the direction of lists and quotes, because their marks depend on it.

        The style sheet does the same for other texts.
        """
        return ' dir="auto"' if of_container else ""

    def render_mark(self, run: Run, text: str) -> str:
        """Return a link to the footnote."""
        name = f"{self._number}-{run.link.rpartition('/')[2]}"
        return f'<a href="#note-{name}"{self._id_attribute_once(f"mark-{name}")}>{text}</a>'

    def render_label(self, marker: str) -> str:
        """Return the name of a footnote, which links back to its mark."""
        name = f"{self._number}-{link_to_mark(marker).rpartition('/')[2]}"
        label = super().render_label(marker)
        return f'<a href="#mark-{name}"{self._id_attribute_once(f"note-{name}")}>{label}</a>'

    def _id_attribute_once(self, name: str) -> str:
        if name in self._used_ids:
            return ""
        self._used_ids.add(name)
        return f' id="{name}"'

    def text_of_run(self, run: Run) -> str:
        """Return the text with the codes of invisible characters and the program's own notes."""
        return _CONTROLS.sub("", run.text.replace(ADDED_MARK, ""))

    def render_code(self, language: str, text: str) -> str:
        return code_block(language, text)

    def cell_attributes(self, _cell: Runs) -> str:
        """Return "": types are for spreadsheets."""
        return ""

    def render_table(self, blocks: list[Block]) -> str:
        """Return a table in a frame that scrolls, also by keyboard, if the table is too wide."""
        return f'<div class="wide" tabindex="0">{super().render_table(blocks)}</div>'

    def render_formula(self, tex: str, *, display: bool) -> str:
        drawn = self._typeset_formula(tex.replace("\u2028", "\n"), display=display)
        if drawn is None:
            lines = "\u2028".join(map(_visible_text, tex.split("\u2028")))
            return super().render_formula(lines, display=display)
        style = f"width:{drawn.width:.3f}em;vertical-align:{-drawn.depth:.3f}em"
        svg = drawn.svg[drawn.svg.index("<svg") :].replace('"black"', '"currentColor"')
        svg = svg.replace("<svg", f'<svg style="{style}"', 1)
        kind = "formula display" if display else "formula"
        label = _to_html(tex)
        return f'<span class="{kind}" role="img" aria-label="{label}" title="{label}">{svg}</span>'


def code_block(language: str, text: str) -> str:
    """Return code with the name of its language, colored if the language is known."""
    name = f"<figcaption>{_to_html(language)}</figcaption>" if language else ""
    code = "\n".join(_colored_lines(language, text))
    return f'<figure class="code">{name}<pre tabindex="0"><code>{code}</code></pre></figure>'


def _colored_lines(language: str, text: str) -> Iterator[str]:
    """Yield the lines of a code block as HTML, colored if the language is known."""
    lines = text.split("\n")
    by_line: dict[int, list[highlight.ColoredSpan]] = {}
    for span in highlight.file_spans(text, language):
        by_line.setdefault(span.line, []).append(span)
    for number, line in enumerate(lines):
        yield _render_line(line, by_line.get(number, ()))


def _render_line(line: str, spans: Iterable[highlight.ColoredSpan]) -> str:
    pieces = []
    end = 0
    for span in spans:
        code = escape(line[span.start : span.start + span.length])
        pieces.append(escape(line[end : span.start]))
        pieces.append(f'<span class="{span.color.value}">{code}</span>')
        end = span.start + span.length
    return "".join((*pieces, escape(line[end:])))


def _render_attachments(message: Message, images: Mapping[str, EmbeddedImage]) -> Iterator[str]:
    for part in message.attachments:
        image = images.get(part.sha256) if isinstance(part, ImagePart) else None
        if image is not None and image.media_type in _EMBEDDED_TYPES:
            data = b64encode(image.data).decode()
            source = f"data:{image.media_type};base64,{data}"
            name = _to_html(part.name)
            yield f'<figure class="pictures"><img alt="{name}" src="{source}"></figure>'
        yield f'<p class="attached">{_to_html(attachment_line(part))}</p>'
    for passage in sent_passages(message):
        yield f"<details><summary>[{passage.number}] {_to_html(passage.source)}</summary>"
        yield f'<div class="said">{_to_html(passage.text)}</div></details>'


def _render_ending(message: Message) -> Iterator[str]:
    for notice in (*message.notices, export_ending(message)):
        if notice:
            yield f'<p class="notice">{_to_html(str(notice))}</p>'
    error = message.error
    if error is not None:
        what = _to_html(error.what_happened)
        remedy = _to_html(error.hint_on(NOT_CONTINUABLE))
        yield f'<div class="error"><strong>{what}</strong> {remedy}</div>'


def _visible_text(text: str) -> str:
    """Return text with invisible characters shown as codes, and without control characters."""
    lines = text.replace("\r\n", "\n").split("\n")
    visible = "\n".join(_CONTROLS.sub("", show_invisible(clean_text(line))) for line in lines)
    return visible.replace(ADDED_MARK, "")


def _to_html(text: str) -> str:
    """Return plain text as HTML: see `_visible_text`."""
    return escape(_visible_text(text))
