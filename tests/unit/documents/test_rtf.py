"""Rich text: code pages, headings, lists, tables and notes. Hidden text is not read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.documents.office.rtf import read

FONTS = rb"{\fonttbl{\f0 Arial;}{\f1\fcharset204 Arial CYR;}{\f2\fnil\fcharset128 Mincho;}}"


def rtf(body: bytes, head: bytes = b"") -> str:
    return read(rb"{\rtf1\ansi\ansicpg1252\deff0" + FONTS + head + b"\n" + body + b"}")


def test_letters_are_decoded_in_the_code_page_of_their_font() -> None:
    assert rtf(rb"Gr\'f6\'dfe {\f1 \'cf\'f0\'e8\'e2\'e5\'f2} {\f2 \'93\'fa\'96\'7b}") == (
        "Größe Привет 日本"
    )
    # The second byte of a letter may be written as an ASCII character.
    assert rtf(rb"{\f2 \'83e\'83X\'83g}") == "テスト"
    assert read(rb"{\rtf1\ansi\ansicpg1251 \'cf\'f0}") == "Пр"
    assert read(rb"{\rtf1\ansi\ansicpg99999 \'e9}") == "é"


def test_characters_by_number_replace_their_stand_ins() -> None:
    assert rtf(rb"5 \u8364?, \u-10179?\u-8704?, \u233\'e9, {\uc2 \u8364EU x}{\uc0\u233 n}") == (
        "5 €, 😀, é, € xén"
    )
    halves = rb"\u-10240?\u-9216?, \u-9217?\u-8193?, \u-10179?\u-8704?\u-8704?, \u-10241?"
    assert rtf(halves) == "\U00010000, \U0010ffff, 😀, \ud7ff"


def test_letters_in_symbol_fonts_become_unicode_symbols() -> None:
    fonts = rb"{\fonttbl{\f0\fcharset204 Arial;}{\f1\fcharset2{\*\panose 05}Symbol;}"
    fonts += rb"{\f2\fnil\fcharset2 Wingdings;}{\f3\fcharset2 Webdings;}}"
    body = rb"{\f1 a\'a3 \u-3999?}{\f2\'fc\'81}{\f3 a}\f0 b\'e0 {\f1 b}\par"
    assert rtf(body, rb"\ansicpg1251\deff0" + fonts) == "α≤ α✓①abа β"
    flat = rb"{\fonttbl\f0 Arial;\f1 Symbol;\f2 Courier;}"
    assert rtf(rb"\f0 a\f1 a\f2 a\par", flat) == "aαa"
    label = rb"{\listtext\f2 q\tab}Point\par"
    assert rtf(label, fonts) == "- Point"


def test_headings_are_found_by_outline_level_and_style_name() -> None:
    styles = rb"{\stylesheet{\s0 Normal;}{\s3\b heading 2;}{\s4 Title;}{\s5\outlinelevel0 Mine;}}"
    body = (
        rb"\pard\s4 On top\par\pard\s3\b Second\b0\par\pard\s5 Own\par\pard\outlinelevel2 "
        rb"Third\par\pard\s0 x"
    )
    assert rtf(body, styles) == "# On top\n\n## Second\n\n# Own\n\n### Third\n\nx"


def test_lists_keep_the_displayed_numbers() -> None:
    body = (
        rb"{\listtext\f0 1.\tab}\ls1\ilvl0 one\par{\listtext a)\tab}\ilvl1 deep\par"
        rb"\pard{\pntext\f1\'B7\tab}{\*\pn\pnlvlblt\pnf1{\pntxtb\'B7}}point\par\pard plain"
    )
    assert rtf(body) == "1. one\n   a) deep\n- point\n\nplain"


def test_a_table_with_merged_cells_keeps_its_columns() -> None:
    body = (
        rb"\trowd\cellx2000\cellx3000\pard\intbl wide\cell end\cell\row"
        rb"\trowd\cellx1000\cellx2010\cellx3000\intbl a|b\cell -9\par more\cell c\cell\row"
        rb"\pard after"
    )
    assert rtf(body) == ("| wide |  | end |\n| --- | --- | --- |\n| a\\|b | -9 more | c |\n\nafter")


@pytest.mark.parametrize(
    ("edges", "row"),
    [
        ((1000, 1050, 2000), "| a | b c |"),
        ((1000, 1060, 2000), "| a | b c |"),
        ((1000, 1061, 2000), "| a | b | c |"),
        ((1000, 1000, 2000), "| a | b c |"),
        ((1000, 2000, 2000), "| a | b c |"),
        ((3000, 2000, 1000), "| a |  | b c |"),
    ],
)
def test_no_text_of_a_narrow_cell_is_lost(edges: tuple[int, ...], row: str) -> None:
    cells = "".join(f"\\cellx{edge}" for edge in edges)
    body = f"\\trowd{cells}\\intbl a\\cell b\\cell c\\cell\\row\\pard"
    assert rtf(body.encode()).split("\n")[0] == row


def test_a_style_with_the_number_0_may_be_a_heading() -> None:
    styles = rb"{\stylesheet{\s2 heading 2;}{\b heading 1;}{\s3{\*\keycode F1;} heading 3;}}"
    body = rb"\pard\s0 First\par\pard\s2 Second\par\pard\s3 Third\par\pard\s1 Text\par"
    assert rtf(body, styles) == "# First\n\n## Second\n\n### Third\n\nText"
    bare = rb"{\rtf1{\stylesheet{heading 1;}}\pard\s0 First\par\pard\s1 Text\par}"
    assert read(bare) == "# First\n\nText"


def test_a_continued_cell_is_empty() -> None:
    body = (
        rb"\trowd\clvmgf\cellx1000\cellx2000\intbl a\cell b\cell\row"
        rb"\trowd\clvmrg\cellx1000\cellx2000\intbl a\cell c\cell\row"
    )
    assert rtf(body) == "| a | b |\n| --- | --- |\n|  | c |"


def test_notes_are_at_the_end_and_links_keep_their_address() -> None:
    body = (
        rb"Word{\super\chftn}{\footnote\pard\plain {\chftn} Said {\b below}.} on.\par "
        rb'{\field{\*\fldinst{HYPERLINK "https://a.example/x"}}{\fldrslt{\ul here}}} '
        rb"{\field{\*\fldinst PAGE}{\fldrslt 7}}"
    )
    assert rtf(body) == ("Word[^1] on.\n\n[here](https://a.example/x) 7\n\n[^1]: Said **below**.")


@pytest.mark.parametrize(
    ("row", "behind", "expected"),
    [
        (
            rb"a\cell b\cell",
            rb"After{\footnote n} it.",
            "| a | b |\n| --- | --- |\n\nAfter[^1] it.",
        ),
        (rb"a\cell b{\footnote n}\cell", rb"After", "| a | b[^1] |\n| --- | --- |\n\nAfter"),
        (
            rb"a\cell b{\footnote\pard\intbl n}\cell\row\intbl c\cell d\cell",
            rb"After",
            "| a | b[^1] |\n| --- | --- |\n| c | d |\n\nAfter",
        ),
    ],
)
def test_a_table_beside_a_note_keeps_its_position(row: bytes, behind: bytes, expected: str) -> None:
    body = rb"\trowd\cellx1000\cellx2000\intbl " + row + rb"\row\pard " + behind + rb"\par"
    assert rtf(body) == f"{expected}\n\n[^1]: n"


def test_a_text_box_after_a_table_follows_it() -> None:
    table = rb"\trowd\cellx1000\cellx2000\intbl a\cell b\cell\row\pard "
    body = table + rb"x{\shp{\*\shpinst{\shptxt box\par}}}\par"
    assert rtf(body) == "| a | b |\n| --- | --- |\n\nbox\n\nx"


def test_invisible_text_is_left_out() -> None:
    body = (
        rb"{\info{\title Meta}}{\*\unknown {\b "
        rb"secret}}{\pict\pngblip 89504e47}{\deleted gone}{\v hidden}\bin4 {}}}Here\~it\_is "
        rb"\{\\\} \v x\v0 y"
    )
    assert rtf(body) == "Here\u00a0it\u2011is {\\} y"


def test_each_header_and_footer_is_read_once() -> None:
    body = (
        rb"{\header\pard Top {\b bold}\par}{\footerf First}{\footer\chpgn 1\par}Text.\par\sect"
        rb"{\headerl Top {\b bold}}{\headerr Other}{\footer\pard 2}More."
    )
    assert rtf(body) == ("Header: Top **bold**\n\nHeader: Other\n\nText.\n\nMore.\n\nFooter: First")


def test_binary_data_is_skipped_by_its_stated_length() -> None:
    assert rtf(rb"a\bin3 {}\b\bin0 c\bin d\bin-9 e") == "abcde"


def test_the_text_of_a_text_box_is_read_once() -> None:
    body = (
        rb"Before{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt\pard In a box\par}}{\shprslt old}}\par"
    )
    assert rtf(body) == "In a box\n\nBefore"


def test_a_file_truncated_in_a_note_or_a_text_box_yields_all_its_text() -> None:
    text = rb"{\rtf1 Before.\par Word{\footnote First.} more"
    note = "Before.\n\nWord[^1] more[^2]\n\n[^1]: First.\n[^2]: Cut"
    assert read(text + rb"{\footnote Cut") == note
    assert read(text + rb"{\shptxt{\b Cut") == "Before.\n\n**Cut**\n\nWord[^1] more\n\n[^1]: First."


def test_a_text_box_keeps_a_cell_without_an_end() -> None:
    assert rtf(rb"Before.\par{\shptxt\intbl In\par the box\par}After.") == (
        "Before.\n\nIn\n\nthe box\n\nAfter."
    )


def test_a_truncated_file_yields_its_text() -> None:
    assert read(rb"{\rtf1 One\par {\b two}\par\trowd\cellx9\intbl left") == "One\n\n**two**\n\nleft"


@given(st.lists(st.sampled_from(
    [b"{", b"}", b"\\*", b"\\footnote", b"\\cell", b"\\row", b"\\trowd", b"\\cellx9", b"\\intbl ",
     b"\\u8364?", b"\\par", b"\\fonttbl", b"\\f1", b"\\fcharset128", b"\\stylesheet", b"\\s1",
     b"\\fldinst", b"\\fldrslt", b"\\shptxt", b"\\listtext", b"\\pard", b"\\bin3", b"\\'83", b"w",
     b"\\uc-1", b"\\cpg99999", b"\\ansicpg7", b"\\ilvl-3", b"\\outlinelevel99", b"\\u-99999 "]
)))  # fmt: skip
def test_any_tokens_are_read_without_an_error(pieces: list[bytes]) -> None:
    read(b"{\\rtf1 " + b"".join(pieces))


@given(st.binary())
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    read(b"{\\rtf1 " + data)


def test_superscript_and_subscript_digits_are_kept() -> None:
    assert rtf(rb"10{\super 6} m{\super -2}, CO{\sub 2}, 1{\super st}") == "10⁶ m⁻², CO₂, 1st"


def test_groups_nested_too_deeply_are_refused() -> None:
    with pytest.raises(RecursionError):
        read(rb"{\rtf1" + b"{" * 1_000_000)


@pytest.mark.parametrize(
    ("charset", "letter", "expected"),
    [
        (77, b"\\'8a", "ä"),
        (128, b"\\'93\\'fa", "日"),
        (129, b"\\'b0\\'a1", "가"),
        (130, b"\\'88a", "가"),
        (134, b"\\'c4\\'e3", "你"),
        (136, b"\\'a7A", "你"),
        (161, b"\\'e1", "α"),
        (162, b"\\'fd", "ı"),
        (163, b"\\'fe", "₫"),
        (177, b"\\'e0", "א"),
        (178, b"\\'c7", "ا"),
        (186, b"\\'e0", "ą"),
        (204, b"\\'ff", "я"),
        (222, b"\\'a1", "ก"),
        (238, b"\\'b9", "ą"),
        (255, b"\\'80", "Ç"),
    ],
)
def test_code_pages_of_fonts_are_applied(charset: int, letter: bytes, expected: str) -> None:
    fonts = rb"{\fonttbl{\f1\fcharset%d X;}}" % charset
    assert read(rb"{\rtf1" + fonts + rb"{\f1 " + letter + rb"}}") == expected


CHOICES = r"{\*\ffname Colour}{\*\ffl red}{\*\ffl blue}"


def form_field(values: str, result: str = "") -> bytes:
    form = rf"{{\*\formfield{{\fftype{values}}}}}"
    field = rf"{{\*\fldinst{{ FORM }}{form}}}{{\fldrslt {result}}}"
    return f"a{{\\field{field}}}".encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb"a\par b\sect c\page d\column e", "a\n\nb\n\nc\n\nd\n\ne"),
        (rb"a\b b\b0 c\plain d", "a**b**cd"),
        (rb"a{\b b}c", "a**b**c"),
        (
            form_field(r"1\ffres1")
            + form_field(r"1\ffres0\ffdefres1")
            + form_field(r"1\ffres25\ffdefres1")
            + form_field(r"2\ffres1" + CHOICES)
            + form_field(r"2\ffres25" + CHOICES)
            + form_field(r"2\ffres7" + CHOICES)
            + form_field(r"2\ffres-1" + CHOICES)
            + form_field(r"2\ffres1" + CHOICES, "shown")
            + form_field(r"0", "typed")
            + rb"{\field{\*\fldinst REF x}{\fldrslt }}",
            "a☒a☐a☒abluearedaaashownatyped",
        ),
        (rb"\b a\par b\b0\par c", "**a**\n\n**b**\n\nc"),
        (rb"{\b\v x}\v0 y\deleted z\deleted0 w", "yw"),
        (rb"{\deleted a\v b\v0 c}d\v\deleted e\deleted0 f\plain g", "dg"),
        (rb"\super 2\sub 3\nosupersub 4", "²₃4"),
        (rb"x\super 2\plain 3", "x²3"),
        (rb"\uc2\u8364EUa\uc0\u8364b\uc-1\u8364c", "€a€b€c"),
        (rb"\u-10179?x\u-8704?", "x😀"),
        (rb"\u-8704?x", "x"),
        (rb"\u65535?a", "\uffffa"),
        (rb"a\u10 b", "a"),
        (
            rb"\outlinelevel0 a\par\outlinelevel8 b\par\outlinelevel9 c\par\pard\outlinelevel-1 d",
            "# a\n\n###### b\n\nc\n\nd",
        ),
        (
            rb"{\listtext 1.\tab}\outlinelevel1 a\par{\listtext\'b7}\outlinelevel1 b",
            "## 1. a\n\n## b",
        ),
        (
            rb"{\listtext 1.\tab}\ilvl0 a\par{\listtext \'b7\tab}\ilvl2 b\par"
            rb"\ilvl-3{\listtext c}d\par\ilvl99{\listtext e}f",
            "1. a\n      - b\nc d\n                           e f",
        ),
        (rb"\mac \'8a\pc \'80\pca \'9b\ansicpg1251 \'ff", "äÇøя"),
        (rb"{\f1\'b9}\deff1\'b9\plain\'b9", "№№№"),
        (
            rb"\emdash\endash\lquote\rquote\ldblquote\rdblquote\bullet"
            rb"\emspace x\enspace\qmspace x\tab x\line x\lbr x",
            "—–‘’“”•\u2003x\u2002\u2005x\tx\nx\nx",
        ),
        (
            rb"\trowd\cellx1000\cellx2000\intbl a\cell b\cell\row\intbl c\cell d\cell\row\pard e",
            "| a | b |\n| --- | --- |\n| c | d |\n\ne",
        ),
        (rb"\trowd\cellx1000\intbl a\par b\cell\row\pard c", "a b\n\nc"),
        (rb"\trowd\cellx1000\cellx2000\intbl a\cell b", "| a | b |\n| --- | --- |"),
        (
            rb"\trowd\trleft100\cellx1000\cellx2000\intbl a\cell b\cell\row"
            rb"\trowd\cellx1000\clmrg\cellx2000\intbl c\cell d\cell\row",
            "| a | b |\n| --- | --- |\n| c |  |",
        ),
        (
            rb"\trowd\cellx1000\cellx2000\intbl{\listtext 1.}a\cell{\listtext\'b7}b\cell\row",
            "| 1. a | b |\n| --- | --- |",
        ),
        (rb"{\footnote a}{\footnote b}c", "[^1][^2]c\n\n[^1]: a\n[^2]: b"),
        (rb"{\footnote}c{\*\footnote d}", "c[^1]\n\n[^1]: d"),
        (rb"{\footnote\trowd\cellx1000\intbl a\cell\row}c", "[^1]c\n\n[^1]: a"),
        (rb'{\field{\*\fldinst HYPERLINK "https://a.b"}{\fldrslt x{\b y}}}z', "[xy](https://a.b)z"),
        (rb'{\field{\*\fldinst HYPERLINK "https://a.b"}{\fldrslt}}z', "z"),
        (rb"{\field{\*\fldinst PAGE}{\fldrslt 7}}", "7"),
        (
            rb'{\field{\*\fldinst HYPERLINK "https://a.b"}{\fldrslt x}}{\field{\fldrslt y}}',
            "[x](https://a.b)y",
        ),
        (rb"{\shp{\*\shpinst{\shptxt a\par b}}}c", "a\n\nb\n\nc"),
        (
            rb"\trowd\cellx1000\cellx2000\intbl a{\shp{\*\shpinst{\shptxt x}}}\cell b\cell\row",
            "| x a | b |\n| --- | --- |",
        ),
        (rb"{\*\unknown a}b{\*\unknown\b c}d", "bd"),
        (rb"{\pict 00ff}{\info a}c", "c"),
        (b"\\par\\par a\\\nb\\\rc", "a\n\nb\n\nc"),
        (rb"a}b", "ab"),
        (rb"a}b}c}\b d", "abc**d**"),
        (rb"{\field{\*\fldinst PAGE}{\fldrslt{\b 7}}}", "**7**"),
        (rb'{\b a{\field{\*\fldinst HYPERLINK "https://a.b"}{\fldrslt}}b}', "**ab**"),
        (rb"\trowd\cellx9 a\cell\cellx99 b\cell\row\pard c", "| a | b |\n| --- | --- |\n\nc"),
        (
            rb"\trowd\cellx1000\cellx3000\intbl a\cell b\cell\row"
            rb"\trowd\cellx1060\cellx3000\intbl c\cell d\cell\row",
            "| a | b |\n| --- | --- |\n| c | d |",
        ),
        (
            rb"\trowd\cellx1000\cellx3000\intbl a\cell b\cell\row"
            rb"\trowd\cellx1061\cellx3000\intbl c\cell d\cell\row",
            "| a | b |  |\n| --- | --- | --- |\n| c |  | d |",
        ),
        (
            rb"\trowd\cellx1000\cellx2000\cellx3000\intbl a\cell b\cell c\cell\row"
            rb"\trowd\cellx1060\cellx2061\cellx3000\intbl d\cell e\cell f\cell\row",
            "| a | b | c |  |\n| --- | --- | --- | --- |\n| d | e |  | f |",
        ),
        (rb"\u-8192?a\u-10179?\u-8192?\u-8704?b", "\ue000a\ue000😀b"),
        (rb"\s a\par\outlinelevel b\par\outlinelevel9\ilvl c", "a\n\n# b\n\nc"),
        (rb"{a", "a"),
        (rb"\~\_\-x\{\\\}", "\xa0‑x{\\}"),
        (rb"\bin2 {}a", "a"),
        (rb"a\'e", "ae"),
        (rb"\zzz a\b1 b\b-1 c", "a**bc**"),
        (rb"\ul\i a\i0", "a"),
    ],
)
def test_control_words_are_processed(body: bytes, expected: str) -> None:
    assert rtf(body) == expected
