"""Writes the shown messages of a conversation as a self-contained HTML page, or for the clipboard.

The page is light or dark like the reader's system. It has no scripts and no external resources:
images are embedded, formulas are inline drawings, and a policy in its head makes the browser block
everything else. The text of messages is escaped.

The clipboard gets plain HTML, whose tables word processors and spreadsheets paste as tables.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Final, NamedTuple, Protocol

from desktop_app.domain.conversations.answer_sources import sources_markdown
from desktop_app.domain.conversations.conversation import Conversation, Message, Role
from desktop_app.domain.conversations.message_facts import (
    answer_facts,
    argument_lines,
    attachment_caption,
    attachment_line,
    call_caption,
    export_ending,
    heading_of,
    reasoning_title,
    sent_passages,
)
from desktop_app.domain.conversations.message_parts import ImagePart, ReasoningPart, ToolCallPart
from desktop_app.domain.error_text import NOT_CONTINUABLE
from desktop_app.i18n.translation import tr
from desktop_app.markdown.block_model import (
    ADDED_MARK,
    Block,
    Run,
    Runs,
    clean_text,
    show_invisible,
)
from desktop_app.markdown.color_tokens import DARK, LIGHT, NAMES
from desktop_app.markdown.export.html_writer import (
    HtmlWriter,
    right_to_left_attributes,
    side_of,
    to_html,
)
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.parsing.own_links import link_to_mark
from desktop_app.markdown.processes import highlight
from desktop_app.markdown.processes.diagram_drawing import DrawDiagram, draw_nothing
from desktop_app.markdown.processes.math_typesetting import Formula
from desktop_app.markdown.structured_answer import with_rendered_form

_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_EMBEDDED_TYPES: Final = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
END: Final = "</main>\n</body>\n</html>\n"
END_OF_VERSION: Final = "</details>\n"

_HEAD: Final = """\
<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
img-src data:; form-action 'none'; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="x-dns-prefetch-control" content="off">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
"""

_RULES: Final = """
* { box-sizing: border-box; }
body { margin: 0; padding: 40px 20px 64px; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
main { max-width: 720px; margin: 0 auto; }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 1.2em 0 .4em; font-weight: 600; }
h1 { font-size: 1.35em; } h2 { font-size: 1.2em; } h3, h4, h5, h6 { font-size: 1.05em; }
main > h1 { font-size: 1.6em; margin: 0 0 .2em; }
a { color: var(--accent); }
a:focus-visible, summary:focus-visible, pre:focus-visible, .wide:focus-visible {
  outline: 2px solid var(--accent); outline-offset: 2px; }
p, ul, ol, table, blockquote, pre, figure { margin: .6em 0; }
ul, ol { padding-inline-start: 1.6em; padding-inline-end: 0; }
li > p:first-child { margin-top: 0; } li > ul, li > ol { margin: 0; }
li[style="list-style-type:none"] { text-indent: -1.3em; } li > * { text-indent: 0; }
sup { font-size: .7em; line-height: 0; }
p, h1, h2, h3, h4, h5, h6, th, td, .said, summary { unicode-bidi: plaintext; }
li > p, li > h1, li > h2, li > h3, li > h4, li > h5, li > h6 { unicode-bidi: isolate; }
blockquote { padding-inline-start: 14px; border-inline-start: 3px solid var(--line);
  color: var(--dim); }
hr { border: 0; border-top: 1px solid var(--line); margin: 1.4em 0; }
.wide { overflow-x: auto; margin: .6em 0; } .wide table { margin: 0; }
.code, table:not([dir]) { direction: ltr; }
table { border-collapse: collapse; font-size: .95em; width: 100%; }
th, td { padding: 6px 10px; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--dim); font-weight: 600; }
code, pre { font-family: ui-monospace, "JetBrains Mono", Menlo, Consolas, monospace;
  font-size: .88em; }
:not(pre) > code { background: var(--code_ground); border-radius: 4px; padding: .1em .3em; }
.code { background: var(--code_ground); border-radius: 10px; padding: 10px 14px; }
.code figcaption { color: var(--dim); font-size: .75em; font-weight: 600; }
.code pre { margin: 0; overflow-x: auto; line-height: 1.4; } .code code { font-size: inherit; }
.keyword { color: var(--keyword); } .string { color: var(--string); }
.number { color: var(--number); } .error { color: var(--error); } .good { color: var(--good); }
.function { color: var(--function); } .comment { color: var(--comment); }
.diagram img { height: auto; max-width: 100%; border-radius: 10px; }
.formula svg { height: auto; max-width: 100%; }
.formula.display { display: block; text-align: center; }
article { margin: 28px 0; }
.who, .facts, .attached, .notice, summary { color: var(--dim); font-size: .8em; }
.question > .who, .question > .said { margin-left: 20.8%; }
.said { background: var(--tint); border-radius: 10px; padding: 10px 14px; white-space: pre-wrap;
  margin: 6px 0; }
.pictures img { max-width: 100%; max-height: 480px; border-radius: 8px; }
.problem { background: var(--error_ground); border-radius: 10px; padding: 10px 14px;
  margin: 10px 0; }
.problem strong { color: var(--error); }
details { margin: .6em 0; }
details.version { border-inline-start: 2px solid var(--line); padding-inline-start: 14px; }
details > div { padding-left: 14px; color: var(--dim); font-size: .95em; }
@media print { body { padding: 0; font-size: 11pt; } main { max-width: none; }
  .code pre, .said { white-space: pre-wrap; }
  th, td { overflow-wrap: anywhere; }
  tr, figure.pictures, .diagram img, .formula, .problem { break-inside: avoid; }
  h1, h2, h3, h4, h5, h6, .who { break-after: avoid; } }
"""


def _variables(tokens: list[str]) -> str:
    return " ".join(f"--{name}: {color};" for name, color in zip(NAMES, tokens, strict=True))


STYLE: Final = (
    f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
    f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}{_RULES}"
)


class EmbeddedImage(NamedTuple):
    media_type: str
    data: bytes


class TypesetFormula(Protocol):
    """A function that typesets a formula, or returns None to keep it as it is written."""

    def __call__(self, tex: str, *, display: bool) -> Formula | None: ...


class HtmlPage:
    """A writer of a page in pieces.

    A page is the head, each message, and `END`. Without details, it has no reasoning, tool calls,
    passages of documents, figures, notices, or images in the text of answers: what the reader of a
    page to give away does not see at once.
    """

    def __init__(
        self,
        name_of_model: Callable[[str], str],
        typeset_formula: TypesetFormula,
        draw_diagram: DrawDiagram = draw_nothing,
        *,
        with_details: bool = True,
    ) -> None:
        self._with_details = with_details
        self._name_of_model = name_of_model
        self._typeset_formula = typeset_formula
        self._draw_diagram = draw_diagram
        self._text_count = 0

    def render_head(self, conversation: Conversation) -> str:
        """Return everything above the first message."""
        return _HEAD.format(title=to_plain_html(conversation.title), style=STYLE)

    def begin_version(self) -> str:
        """Return what is above the messages of another version, which `END_OF_VERSION` ends."""
        title = to_plain_html(tr("Other version"))
        return f'<details class="version"><summary>{title}</summary>\n'

    def render_message(self, message: Message, images: Mapping[str, EmbeddedImage]) -> str:
        """Return a message; `images` has its images that can be shown, by SHA-256."""
        kind = "question" if message.role is Role.USER else "answer"
        pieces = self.pieces(message, images)
        return "\n".join((f'<article class="{kind}">', *pieces, "</article>\n"))

    def pieces(self, message: Message, images: Mapping[str, EmbeddedImage]) -> Iterator[str]:
        """Yield the elements of a message, each complete, from its heading to its figures."""
        yield self.render_note("who", to_plain_html(heading_of(message, self._name_of_model)))
        if message.role is Role.USER:
            if message.text:
                yield from self.render_said(message.text)
            yield from self._render_attachments(message, images)
        else:
            yield from self._render_answer(message, images)

    def _render_answer(
        self, message: Message, images: Mapping[str, EmbeddedImage]
    ) -> Iterator[str]:
        for part in message.parts if self._with_details else ():
            if isinstance(part, ReasoningPart) and part.text.strip():
                yield from self.render_reasoning(part)
            elif isinstance(part, ToolCallPart):
                yield from self.render_call(part)
        yield from self._render_attachments(message, images)
        answer = with_rendered_form(message, as_text=False)
        if answer.text:
            yield from self.render_markdown(answer.text)
        if listed := sources_markdown(message):
            yield from self.render_markdown(listed)
        if not self._with_details:
            if ending := export_ending(message) or (tr("Incomplete") if message.error else ""):
                yield self.render_note("notice", to_plain_html(ending))
            return
        for notice in (*message.notices, export_ending(message)):
            if notice:
                yield self.render_note("notice", to_plain_html(str(notice)))
        if message.error is not None:
            what = to_plain_html(message.error.what_happened)
            remedy = to_plain_html(message.error.hint_on(NOT_CONTINUABLE))
            yield self.render_error(what, remedy)
        facts = " · ".join(answer_facts(message, self._name_of_model))
        if facts:
            yield self.render_note("facts", to_plain_html(facts))

    def _render_attachments(
        self, message: Message, images: Mapping[str, EmbeddedImage]
    ) -> Iterator[str]:
        for part in message.attachments:
            if isinstance(part, ImagePart):
                yield from self.render_picture(part, images)
            yield self.render_note("attached", to_plain_html(attachment_line(part)))
        for passage in sent_passages(message):
            source = f"[{passage.number}] {to_plain_html(passage.source)}"
            if self._with_details:
                yield from self.render_passage(source, passage.text)
            else:
                yield self.render_note("attached", source)

    # ------------------------------------------------------------------ overridden for paper

    def render_note(self, kind: str, html: str) -> str:
        """Return a small line: "who", "attached", "notice" or "facts"."""
        tag = {"who": "header", "facts": "footer"}.get(kind, "p")
        return f'<{tag} class="{kind}">{html}</{tag}>'

    def render_picture(self, part: ImagePart, images: Mapping[str, EmbeddedImage]) -> Iterator[str]:
        """Yield an attached picture if it can be shown."""
        image = images.get(part.sha256)
        if image is not None and image.media_type in _EMBEDDED_TYPES:
            data = b64encode(image.data).decode()
            source = f"data:{image.media_type};base64,{data}"
            name = to_plain_html(part.name)
            yield f'<figure class="pictures"><img alt="{name}" src="{source}"></figure>'

    def render_said(self, text: str) -> Iterator[str]:
        """Yield a question as it was typed."""
        yield f'<div class="said">{to_plain_html(text)}</div>'

    def render_passage(self, source: str, text: str) -> Iterator[str]:
        """Yield a passage of a document; `source` is HTML."""
        yield f"<details><summary>{source}</summary>"
        yield f'<div class="said">{to_plain_html(text)}</div></details>'

    def render_reasoning(self, part: ReasoningPart) -> Iterator[str]:
        title = to_plain_html(reasoning_title(part.text, part.seconds))
        body = "".join(self.render_markdown(part.text))
        yield f"<details><summary>{title}</summary><div>{body}</div>"
        yield "</details>"

    def render_call(self, part: ToolCallPart) -> Iterator[str]:
        """Yield a tool call with its arguments and result."""
        yield f"<details><summary>{to_plain_html(call_caption(part))}</summary>"
        yield code_block("json", visible_text("\n".join(argument_lines(part.run_arguments))))
        if part.result:
            yield code_block("", visible_text(part.result))
        yield "</details>"

    def render_error(self, what: str, remedy: str) -> str:
        return f'<div class="problem"><strong>{what}</strong> {remedy}</div>'

    def render_markdown(self, markdown: str) -> Iterator[str]:
        self._text_count += 1
        writer = PageWriter(self._typeset_formula, self._draw_diagram, self._text_count)
        writer.with_images = self._with_details
        yield writer.write(render(markdown))


class PageWriter(HtmlWriter):
    """A writer of colored code and drawn formulas; the page's style formats tables."""

    table_attributes = ""
    with_images = True

    def __init__(
        self, typeset_formula: TypesetFormula, draw_diagram: DrawDiagram, number: int
    ) -> None:
        """Set up; `number` makes this text's footnotes unique on the page."""
        super().__init__()
        self._typeset_formula = typeset_formula
        self._draw_diagram = draw_diagram
        self._number = number
        self._used_ids: set[str] = set()

    def direction_attribute(self, block: Block, *, of_container: bool) -> str:
        """Return the direction of a list, in which its items follow it.

        Browsers detect that of a quote, whose bar depends on it. The style sheet does the same for
        other texts.
        """
        if not of_container:
            return ""
        side = side_of(block) if block.depth else ""
        return {"left": ' dir="ltr"', "right": ' dir="rtl"'}.get(side, ' dir="auto"')

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

    def render_image(self, run: Run) -> str:
        """Return an image; without images its name: nobody sees what its bytes hold."""
        return super().render_image(run) if self.with_images else to_plain_html(run.text)

    def render_code(self, language: str, text: str) -> str:
        diagram = self._draw_diagram(language, text)
        if diagram is None:
            return code_block(language, text)
        source = f"data:image/png;base64,{b64encode(diagram.png).decode()}"
        size = f'width="{diagram.width}" height="{diagram.height}"'
        image = f'<img src="{source}" {size} alt="{to_plain_html(diagram.name)}">'
        code = (
            f"<details><summary>{to_plain_html(tr('Code'))}</summary>{code_block(language, text)}"
        )
        return f'<figure class="diagram">{image}{code}</details></figure>'

    def cell_attributes(self, _cell: Runs) -> str:
        """Return "": types are for spreadsheets."""
        return ""

    def render_table(self, blocks: list[Block]) -> str:
        """Return a table in a frame that scrolls, also by keyboard, if the table is too wide."""
        return f'<div class="wide" tabindex="0">{super().render_table(blocks)}</div>'

    def render_formula(self, tex: str, *, display: bool) -> str:
        drawn = self._typeset_formula(tex.replace("\u2028", "\n"), display=display)
        if drawn is None:
            lines = "\u2028".join(map(visible_text, tex.split("\u2028")))
            return super().render_formula(lines, display=display)
        style = f"width:{drawn.width:.3f}em;vertical-align:{-drawn.depth:.3f}em"
        svg = drawn.svg[drawn.svg.index("<svg") :].replace('"black"', '"currentColor"')
        svg = svg.replace("<svg", f'<svg style="{style}"', 1)
        kind = "formula display" if display else "formula"
        label = to_plain_html(tex)
        return f'<span class="{kind}" role="img" aria-label="{label}" title="{label}">{svg}</span>'


def _typeset_nothing(tex: str, *, display: bool) -> None:
    """Keep a formula as it is written."""


def text_page(title: str, markdown: str) -> str:
    """Return the page of a text, with its formulas and diagrams as they are written."""
    writer = PageWriter(_typeset_nothing, draw_nothing, number=1)
    head, _, _heading = _HEAD.partition("<h1>")  # the text has its own headings
    head = head.format(title=to_plain_html(title), style=STYLE)
    return f"{head}{writer.write(render(markdown))}\n{END}"


def code_block(language: str, text: str) -> str:
    """Return code with the name of its language, colored if the language is known."""
    name = f"<figcaption>{to_plain_html(language)}</figcaption>" if language else ""
    code = "\n".join(colored_lines(text, highlight.file_spans(text, language)))
    return f'<figure class="code">{name}<pre tabindex="0"><code>{code}</code></pre></figure>'


def colored_lines(text: str, spans: Iterable[highlight.ColoredSpan]) -> Iterator[str]:
    """Yield the lines of a code block as HTML, with these spans colored."""
    by_line: dict[int, list[highlight.ColoredSpan]] = {}
    for span in spans:
        by_line.setdefault(span.line, []).append(span)
    for number, line in enumerate(text.split("\n")):
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


def visible_text(text: str) -> str:
    """Return text with invisible characters shown as codes, and without control characters."""
    lines = text.replace("\r\n", "\n").split("\n")
    visible = "\n".join(_CONTROLS.sub("", show_invisible(clean_text(line))) for line in lines)
    return visible.replace(ADDED_MARK, "")


def to_plain_html(text: str) -> str:
    return escape(visible_text(text))


def html_pieces(
    conversation: Conversation, path: Iterable[Message], name_of_model: Callable[[str], str]
) -> Iterator[str]:
    """Yield the shown path, each message under a heading, questions as they were typed."""
    title = conversation.title
    yield f"<h1{right_to_left_attributes(title)}>{escape(title)}</h1>"
    for message in path:
        for piece in _render_message(message, name_of_model):
            yield f"\n{piece}"


def _render_message(message: Message, name_of_model: Callable[[str], str]) -> Iterator[str]:
    yield f"<h2>{escape(heading_of(message, name_of_model))}</h2>"
    for attached in message.attachments:
        yield f"<p>{escape(attachment_caption(attached))}</p>"
    if message.role is Role.USER:
        words = "<br>".join(map(escape, message.text.splitlines()))
        yield f"<p{right_to_left_attributes(message.text)}>{words}</p>"
    else:
        yield to_html(render(message.text))
        if listed := sources_markdown(message):
            yield to_html(render(listed))
    if message.error is not None:
        yield f"<p><em>{escape(message.error.what_happened)}</em></p>"
