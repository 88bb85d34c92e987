"""A conversation as a self-contained page, whose contents are plain text only."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.domain.conversations.message_parts import (
    DocumentPart,
    ImagePart,
    PassagesPart,
    Source,
    SourcesPart,
    ToolCallPart,
)
from desktop_app.domain.error_note import ErrorNote
from desktop_app.markdown.processes.math_typesetting import CannotTypesetError, Formula, typeset
from desktop_app.writers.html_page import END, EmbeddedImage, HtmlPage, html_pieces
from desktop_app.writers.markdown_file import to_markdown
from desktop_app.writers.office.office_content import messages_of
from tests.helpers.examples import examples
from tests.helpers.messages import answer, question
from tests.unit.domain.test_collections import a_passage
from tests.unit.storage.samples import a_conversation

PICTURE = ImagePart("a" * 64, "sun.png", "image/png", 3, 4, 5)


def typeset_here(tex: str, *, display: bool) -> Formula | None:
    try:
        return typeset(tex, display=display)
    except CannotTypesetError:
        return None  # as the process that typesets says it


class _Seen(HTMLParser):
    """A page as a browser would parse it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def write_page(
    *messages: Any, title: str = "T", pictures: Any = None, **options: bool
) -> tuple[_Seen, str]:
    page = HtmlPage(str, typeset_here, **options)
    pieces = [page.render_head(replace(a_conversation(), title=title))]
    pieces += [page.render_message(message, pictures or {}) for message in messages]
    text = "".join((*pieces, END))
    found = _Seen()
    found.feed(text)
    return found, text


def test_a_page_has_the_content_of_the_transcript() -> None:
    asked = question("Is\n  <this> it?", PICTURE, DocumentPart("b" * 64, "q3.pdf", "x", 9, pages=2))
    said = answer(
        (
            "## Yes\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```py\nx = 1  # why\n```\n\n"
            "$\\frac12$\n\n- [x] done"
        ),
        reasoning="at *length*",
        duration_s=9,
        error=ErrorNote("It broke.", "Try."),
    )
    said = replace(said, parts=(ToolCallPart("1", "weather", '{"city": "Paris"}'), *said.parts))
    found, text = write_page(
        asked, said, pictures={PICTURE.sha256: EmbeddedImage("image/png", b"abc")}
    )
    assert '<div class="said">Is\n  &lt;this&gt; it?</div>' in text
    assert 'src="data:image/png;base64,YWJj"' in text
    assert "q3.pdf\u20032 pages" in found.words
    assert '<td align="right">2</td>' in text
    assert '<span class="comment"># why</span>' in text
    assert [tag for tag, _ in found.tags].count("svg") == 1
    assert "Thinking · High · 9.0 s" in found.words
    for words in ("Tool: weather", '"Paris"', "at length", "It broke.", "Try.", "☑ done"):
        assert words in found.words, words


def test_footnotes_link_within_their_answer_and_back() -> None:
    said = answer("One[^1] and[^1] two[^a<b].\n\n[^1]: First.\n\n[^a<b]: Other.")
    found, _ = write_page(said, said)
    names = [at["id"] for _, at in found.tags if "id" in at]
    assert len(names) == len(set(names)) == 8
    links = [at for tag, at in found.tags if tag == "a"]
    assert len(links) == 10
    assert all(link["href"][:1] == "#" and link["href"][1:] in names for link in links)
    for link in links:  # and there is the way back
        [there] = [at for at in links if at.get("id") == link["href"][1:]]
        assert link.get("id") is None or there["href"] == f"#{link['id']}"


def test_the_passages_of_a_question_are_a_list_of_sources() -> None:
    passages = (a_passage(1, text="<b>The door</b>."), a_passage(2, place="page 7"))
    asked = question("Which?", PassagesPart("c" * 32, "Contracts", passages))
    found, text = write_page(asked)
    assert "[1] lease.pdf, page 3" in found.words
    assert "[2] lease.pdf, page 7" in found.words
    assert "&lt;b&gt;The door" in text
    made = to_markdown(replace(a_conversation(), title="T"), [asked], str)
    assert "- [1] lease.pdf, page 3\n- [2] lease.pdf, page 7" in made


def test_a_page_follows_the_systems_theme_and_loads_nothing() -> None:
    found, text = write_page(answer("![x](https://evil.example/x.png) [y](javascript:alert(1))"))
    assert "prefers-color-scheme: dark" in text
    policy = next(at for tag, at in found.tags if "http-equiv" in at)
    assert policy["content"].startswith("default-src 'none'")
    assert not {"img", "script", "link", "iframe"} & {tag for tag, _ in found.tags}
    assert "javascript:" not in re.sub(r">[^<]*<", "><", text)


DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs="


def test_a_page_to_give_away_leaves_out_what_its_reader_does_not_see() -> None:
    passages = PassagesPart("c" * 32, "Contracts", (a_passage(1, text="SECRET passage"),))
    asked = question("Which?", PICTURE, passages)
    said = answer(f"This one. ![dot]({DOT})", reasoning="SECRET thought", duration_s=9)
    call = ToolCallPart("1", "weather", '{"city": "SECRET"}', result="SECRET")
    note = ErrorNote("SECRET.example has problems.", "Retry.")
    said = replace(said, parts=(call, *said.parts), error=note)
    pictures = {PICTURE.sha256: EmbeddedImage("image/png", b"abc")}
    whole, text = write_page(asked, said, pictures=pictures)
    assert text.count("SECRET") == 5
    assert DOT in text
    shared, text = write_page(asked, said, pictures=pictures, with_details=False)
    assert "SECRET" not in text
    assert "R0lGOD" not in text
    for words in ("Which?", "lease.pdf, page 3", "This one. dot", "Incomplete"):
        assert words in shared.words
    assert [at["src"] for tag, at in shared.tags if tag == "img"] == ["data:image/png;base64,YWJj"]
    assert "details" in {tag for tag, _ in whole.tags}
    assert "details" not in {tag for tag, _ in shared.tags}


def test_an_image_of_an_unsupported_type_is_only_named() -> None:
    svg = replace(PICTURE, media_type="image/svg+xml")
    found, _ = write_page(
        question("x", svg), pictures={svg.sha256: EmbeddedImage("image/svg+xml", b"<svg/>")}
    )
    assert "img" not in {tag for tag, _ in found.tags}


def test_direction_overrides_are_made_visible() -> None:
    found, _ = write_page(question("a\u202eb"), answer("c\u202ed `e\u202ef`"), title="\u202ex")
    assert "\u202e" not in found.words
    assert found.words.count("⟨U+202E⟩") == 5  # the title twice


HOSTILE = st.text(
    st.sampled_from("<>&\"'/!-[]() `*_$|\n\\#=;:abc\x00\x1b\u202e\u2063\u2028\ud800javscriptno")
)


@settings(max_examples=examples(100), deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_text_becomes_an_unknown_element(title: str, asked: str, said: str) -> None:
    plain, _ = write_page(question("x"), answer("x"), title="x")
    bound = {tag for tag, _ in plain.tags} | {
        "p", "a", "em", "strong", "s", "code", "pre", "figure", "figcaption", "span", "ul", "ol",
        "li", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "br", "table", "tr", "th",
        "td", "div", "svg", "path", "rect", "line", "g", "sup",
    }  # fmt: skip
    found, text = write_page(question(asked), answer(said), title=title)
    assert {tag for tag, _ in found.tags} <= bound
    names = {name for _, attributes in found.tags for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    assert not re.search("[\x00\x1b\u202e]", text)


def test_sources_of_answers_are_links_in_every_file() -> None:
    source = Source(1, "https://a.example/?a=1&b=2", 'A <b>"title"', is_cited=True)
    said = answer("It rains.")
    said = replace(said, parts=(SourcesPart((source,)), *said.parts))
    found, _ = write_page(said)
    (link,) = [attributes for tag, attributes in found.tags if tag == "a"]
    assert link["href"] == source.address
    assert "Sources:" in found.words
    assert '[1] A <b>"title"' in found.words
    text = to_markdown(a_conversation(), [said], str)
    assert '- [1] [A \\<b\\>"title"](https://a.example/?a=1&b=2)' in text
    assert source.address in "".join(html_pieces(a_conversation(), [said], str)).replace(
        "&amp;", "&"
    )
    (message,) = messages_of([said], str)
    assert source.address in [run.link for block in message.blocks for run in block.runs]
