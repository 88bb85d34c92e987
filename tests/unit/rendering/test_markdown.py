"""What each construct becomes."""

from __future__ import annotations

import pytest

from desktop_app.rendering.block_stream import render
from desktop_app.rendering.model import Block, Kind, Run, formula


def only(source: str) -> Block:
    [block] = render(source)
    return block


def test_raw_html_is_text() -> None:
    assert only("<b>x</b> <img src=a>").runs == (Run("<b>x</b> <img src=a>"),)
    assert only("<script>alert(1)</script>").text == "<script>alert(1)</script>"


def test_a_picture_is_named_and_linked_never_shown() -> None:
    assert only("![a *chart*](https://x.y/z.png)").runs == (
        Run("a chart", image=True, link="https://x.y/z.png"),
    )


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("https://example.com/a?b=c.", "https://example.com/a?b=c"),
        ("www.example.com/x.", "http://www.example.com/x"),
        ("me@example.com", "mailto:me@example.com"),
        ("me@host.somewhere", "mailto:me@host.somewhere"),
        ("www.a.b/c_(d))", "http://www.a.b/c_(d)"),
        ("www.a.b/?c=d&hl;", "http://www.a.b/?c=d"),
    ],
)
def test_bare_addresses_are_links(source: str, target: str) -> None:
    assert only(source).runs[0].link == target


@pytest.mark.parametrize("name", ["README.md", "main.py and setup.sh", "example.com"])
def test_names_of_files_are_not(name: str) -> None:
    assert only(name).runs == (Run(name),)


@pytest.mark.parametrize("scheme", ["javascript:alert(1)", "file:///etc/passwd", "vbscript:x"])
def test_dangerous_targets_are_text(scheme: str) -> None:
    assert not any(run.link for run in only(f"[x]({scheme})").runs)


def test_prices_stay_text_and_formulas_do_not() -> None:
    assert only("between $5 and $10 or so").runs == (Run("between $5 and $10 or so"),)
    assert formula("x_1 + x_2") in only("so $x_1 + x_2$ it is").runs
    assert formula("a_b") in only(r"so \(a_b\) it is").runs
    for source in ("$$\nx\n$$", "$$x$$", "\\[\nx\n\\]"):
        assert only(source) == Block(Kind.MATH, (formula("x"),))


def test_escaped_brackets_are_no_formula() -> None:
    assert only(r"a \[\] b \(\) c").text == "a [] b () c"


def test_the_language_of_code_is_unescaped() -> None:
    assert render("``` c\\+\\+ &ouml;\nx\n```")[0].language == "c++"


def test_lists_carry_depth_and_marks() -> None:
    blocks = render("1. a\n   - b\n     more\n\n     new\n2. c\n   - [x] d\n   - [ ] e\n")
    assert [(b.depth, b.marker, b.text) for b in blocks] == [
        (1, "1.", "a"),
        (2, "◦", "b more"),
        (2, "", "new"),
        (1, "2.", "c"),
        (2, "☑", "d"),
        (2, "☐", "e"),
    ]


def test_a_list_starts_right_after_a_paragraph() -> None:
    assert [b.marker for b in render("Text:\n- a\n- b\n")] == ["", "•", "•"]


def test_code_is_a_head_and_lines() -> None:
    blocks = render("```python title=x\na\n\n  b\n```")
    assert [(b.kind, b.text, b.language) for b in blocks] == [
        (Kind.CODE_HEAD, "", "python"),
        (Kind.CODE, "a", "python"),
        (Kind.CODE, "", "python"),
        (Kind.CODE, "  b", "python"),
    ]


def test_overrides_are_shown_in_code_and_links() -> None:
    assert only("`a\u202eb`").text == "a⟨U+202E⟩b"
    assert only("[a\u202eb](https://x.y)").text == "a⟨U+202E⟩b"
    assert render("```\na\u2066b\n```")[1].text == "a⟨U+2066⟩b"
    assert only("a\u202eb").text == "a\u202eb"


def test_tables_keep_alignment_and_come_in_parts() -> None:
    head, *rest = render("| a | b |\n|:-:|--:|\n" + "| 1 | **2** |\n" * 20)
    assert head.aligns == ("center", "right")
    assert head.head
    assert sum(len(block.rows) for block in (head, *rest)) == 21
    assert not any(block.head for block in rest)
    assert rest[-1].rows[-1][1] == (Run("2", bold=True),)


def test_deep_nesting_loses_nothing() -> None:
    assert "x" in render("> " * 60 + "x")[-1].text
