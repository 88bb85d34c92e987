"""Pages of models in the document that confines them."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from desktop_app.writers.model_page import confined_page, page_in, title_of


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags_of(document: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = _Tags()
    parser.feed(document)
    return parser.tags


@pytest.mark.parametrize(
    "page",
    [
        "<p>Hi",
        '"></iframe><img src=x>',
        "</title></head><img src=x><title>\"'><img src=y></title>",
        '<iframe sandbox="allow-same-origin allow-top-navigation" srcdoc="&quot;"></iframe>',
    ],
)
def test_a_page_is_in_a_frame_with_the_policy_first(page: str) -> None:
    tags = tags_of(confined_page(page).decode())
    names = [tag for tag, _ in tags]
    assert names == ["meta", "meta", "meta", "meta", "script", "title", "style", "iframe"]
    frame = tags[-1][1]
    assert frame["sandbox"] == "allow-scripts"
    inner = frame["srcdoc"] or ""
    assert inner.endswith(page)
    for document in (tags, tags_of(inner)):
        policy = next(each for _, each in document if each.get("http-equiv"))
        assert (policy["content"] or "").startswith("default-src 'none';")
        assert "img-src data:;" in (policy["content"] or "")


def test_links_to_servers_are_no_links() -> None:
    document = confined_page("<LINK rel=preconnect href=//x><linearGradient/><link>").decode()
    assert "&lt;link" not in document.lower().replace("&lt;lineargradient", "")


@pytest.mark.parametrize(
    ("text", "page"),
    [
        (" <svg/>", " <svg/>"),
        ("Here:\n\n```html\n<p>a\n```\n\n```svg\n<svg/>\n```\n", "<p>a\n"),
        ("~~~~ SVG x\n<svg>\n~~~\n</svg>\n~~~~", "<svg>\n~~~\n</svg>\n"),
        ("```htmlx\n<p>\n```", ""),
        ("```html\n<p>", ""),
        ("# Plain", ""),
        ("", ""),
    ],
)
def test_the_page_in_a_text_is_found(text: str, page: str) -> None:
    assert page_in(text) == page


def test_a_title_is_one_line_of_plain_text() -> None:
    assert title_of("<head><TITLE lang=en>\n A &lt;b&gt;\n B </title>") == "A <b> B"
    assert title_of("<p>") == ""
