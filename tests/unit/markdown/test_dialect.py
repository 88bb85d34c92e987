"""What models write beyond CommonMark is shown as its author meant it."""

from __future__ import annotations

import pytest

from desktop_app.markdown.block_model import FORMULA_END, FORMULA_START, Block, Kind
from desktop_app.markdown.export.html_writer import to_html
from desktop_app.markdown.export.text_writer import plain_pieces, to_markdown
from desktop_app.markdown.incremental.block_stream import BlockStream, render


def formulas(source: str) -> list[str]:
    runs = [run for block in render(source) for run in block.runs if run.math]
    return [run.text.strip(FORMULA_START + FORMULA_END) for run in runs]


def cells(source: str) -> list[list[str]]:
    rows = [row for block in render(source) for row in block.rows]
    return [["".join(run.text for run in cell) for cell in row] for row in rows]


def kinds(source: str) -> list[tuple[Kind, str]]:
    return [(block.kind, block.text) for block in render(source)]


@pytest.mark.parametrize("source", ["one\ntwo", "one  \ntwo", "one\\\ntwo", "one <br> two"])
def test_each_line_is_a_line_in_copies_and_exports(source: str) -> None:
    blocks = render(source)
    assert "".join(plain_pieces(blocks)) == "one\ntwo"
    assert to_html(blocks) == "<p>one<br>two</p>"
    assert to_markdown(blocks) == "one\ntwo"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("| a | b | c |", ["a", "b", "c"]),
        ("| a |", ["a", "", ""]),
        ("| `a|b` | c |", ["a|b", "c", ""]),
        ("| ``a|`b`` | c | d |", ["a|`b", "c", "d"]),
        ("| `a | b |", ["`a", "b", ""]),
        ("| a \\| b | `c\\|d` |", ["a | b", "c|d", ""]),
        ("| $5 | $6 | $7 |", ["$5", "$6", "$7"]),
        ("| US$|A$| x |", ["US$", "A$", "x"]),
    ],
)
def test_cells_end_at_bars_outside_code_and_formulas(row: str, expected: list[str]) -> None:
    assert cells(f"| 1 | 2 | 3 |\n|---|---|---|\n{row}\n")[1] == expected


def test_a_bar_within_a_formula_belongs_to_it() -> None:
    [block] = render("| a | b |\n|---|---|\n| $|x|$ | y |\n| \\(|x|\\) | y |")
    assert [row[0][0].math for row in block.rows] == [False, True, True]
    assert {len(row) for row in block.rows} == {2}


def test_cells_beyond_the_header_get_columns_in_all_blocks_of_the_table() -> None:
    rows = [["r", str(n)] for n in range(20)]
    source = "| a | b |\n|---|:-:|\n" + "".join(f"| r | {n} |\n" for n in range(20))
    found = cells(f"{source}| x | y | z | |\n| r | 20 |\n\n| c |\n|---|\n")
    assert found == [
        *(row + ["", ""] for row in [["a", "b"], *rows]),
        ["x", "y", "z", ""],
        ["r", "20", "", ""],
        ["c"],
    ]
    assert {block.aligns for block in render(source)} == {("", "center")}


def test_a_closed_table_is_widened_while_it_streams() -> None:
    stream = BlockStream()
    stream.feed("| a |\n|---|\n" + "| 1 |\n" * 12)
    assert {len(row) for block in stream.blocks for row in block.rows} == {1}
    assert stream.feed("| 1 | 2 |\n") == 0
    assert {len(row) for block in stream.blocks for row in block.rows} == {2}


@pytest.mark.parametrize(
    ("source", "head"),
    [
        ("## A | B\n|---|---|\n", (Kind.HEADING, "A | B")),
        ("> A | B\n|---|---|\n", (Kind.PARAGRAPH, "A | B\u2028|---|---|")),
        ("#A | B\n|---|---|\n", (Kind.TABLE, "")),
    ],
)
def test_the_beginning_of_another_block_is_no_header(source: str, head: tuple[Kind, str]) -> None:
    assert kinds(source)[0] == head


def test_numbered_tasks_keep_their_numbers() -> None:
    blocks = render("3. [ ] a\n4. [x] b\n\n- [X] c")
    assert [block.marker for block in blocks] == ["3. ☐", "4. ☑", "☑"]
    assert to_markdown(blocks) == "3. [ ] a\n4. [x] b\n* [x] c"
    assert to_html(blocks) == (
        '<ol start="3"><li>☐ a</li><li>☑ b</li></ol>'
        '<ul><li style="list-style-type:none">☑ c</li></ul>'
    )


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("```markdown\n# T\n```py\nx\n```\ny\n```\nafter", ["# T", "```py", "x", "```", "y"]),
        ("```md\n~~~\n```\nafter", ["~~~"]),
        ("````markdown\n```\nx\n```\n````\nafter", ["```", "x", "```"]),
        ("```markdown\n```a\n````b\n```\n````\n```\n```\nafter",
         ["```a", "````b", "```", "````", "```"]),
        ("```text\n```py\n```\nafter", ["```py"]),
    ],
)  # fmt: skip
def test_a_fence_within_markdown_is_code(source: str, shown: list[str]) -> None:
    blocks = render(source)
    assert [block.text for block in blocks if block.kind is Kind.CODE] == shown
    assert blocks[-1] == Block(Kind.PARAGRAPH, blocks[-1].runs)
    assert blocks[-1].text == "after"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Here $ a $ and $ \\frac{1}{2} $ hold", ["a", "\\frac{1}{2}"]),
        ("it costs $ 5 or $ 6", []),
        ("$ ls $ and $ cd $", []),
        ("$`x^2`$ and $`y`$", ["x^2", "y"]),
        ("\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}",
         ["\\begin{align}a &= b \\\\\u2028c &= d\\end{align}"]),
        ("\\begin{itemize}\na\n\\end{itemize}", []),
        ("```math\nx^2\n```", ["x^2"]),
        ("```math\nx\n\ny\n```", []),
        ("See \\[1\\] and \\[2, p. 7\\]; \\(sic\\).", []),
        ("\\[1\\]", []),
        ("\\(2\\), \\(AB\\), \\(n\\), \\(\\sin x\\), \\(sin x\\)",
         ["2", "AB", "n", "\\sin x", "sin x"]),
        ("\\[x\\]", ["x"]),
    ],
)  # fmt: skip
def test_formulas_are_told_from_money_words_and_references(
    source: str, expected: list[str]
) -> None:
    assert formulas(source) == expected


def test_text_in_escaped_brackets_is_shown_in_brackets() -> None:
    [block] = render("See \\[1\\] and \\[2, p. 7\\]; \\(sic\\).")
    assert block.text == "See [1] and [2, p. 7]; (sic)."


@pytest.mark.parametrize("name", ["sub", "sup", "kbd", "u", "mark"])
def test_elements_without_attributes_are_styles(name: str) -> None:
    source = f"a<{name}>**b**</{name.upper()}> c"
    [block] = render(source)
    assert [(run.text, run.bold, run.element) for run in block.runs] == [
        ("a", False, ""),
        ("b", True, name),
        (" c", False, ""),
    ]
    assert to_html([block]) == f"<p>a<{name}><strong>b</strong></{name}> c</p>"
    assert render(to_markdown([block])) == [block]


@pytest.mark.parametrize(
    "source",
    [
        "a<sub>b",
        "a</sub>b",
        "<sub class='x'>b</sub>",
        "<b>a</b>",
        "<script>a</script>",
        "`<sub>a</sub>`",
    ],
)
def test_other_html_is_text(source: str) -> None:
    [block] = render(source)
    assert block.text == source.strip("`")
    assert not any(run.element for run in block.runs)


def test_an_element_is_held_back_until_it_ends() -> None:
    stream = BlockStream()
    shown = []
    for piece in ("x", "<su", "b>", "2", "</sub>", "O"):
        stream.feed(piece)
        shown.append(stream.blocks[0].text)
    assert shown == ["x", "x", "x", "x", "x2", "x2O"]


@pytest.mark.parametrize(
    ("source", "texts", "titles"),
    [
        ("> [!NOTE]\n> Some *text*.", ["Note|Some text."], ["Note"]),
        ("> [!WARNING]\n>\n> Text", ["Warning", "Text"], ["Warning"]),
        ("<details>\n<summary>More</summary>\n\nText\n\n</details>", ["More", "Text"], ["More"]),
        ("<details open><summary>More</summary>\nText\n</details>", ["More|Text"], ["More"]),
        # These are text.
        ("> [!NOTE] in a line", ["[!NOTE] in a line"], []),
        ("[!NOTE]\nText", ["[!NOTE]|Text"], []),
        ("<details> is an element", ["<details> is an element"], []),
        ("`<details>`", ["<details>"], []),
    ],
)
def test_alerts_and_folds_are_shown_by_their_titles(
    source: str, texts: list[str], titles: list[str]
) -> None:
    blocks = render(source)
    assert [block.text.replace("\u2028", "|") for block in blocks] == texts
    assert [run.text for block in blocks for run in block.runs if run.bold] == titles
