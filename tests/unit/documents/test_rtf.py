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


def test_notes_are_at_the_end_and_links_keep_their_address() -> None:
    body = (
        rb"Word{\super\chftn}{\footnote\pard\plain {\chftn} Said {\b below}.} on.\par "
        rb'{\field{\*\fldinst{HYPERLINK "https://a.example/x"}}{\fldrslt{\ul here}}} '
        rb"{\field{\*\fldinst PAGE}{\fldrslt 7}}"
    )
    assert rtf(body) == ("Word[^1] on.\n\n[here](https://a.example/x) 7\n\n[^1]: Said **below**.")


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


def test_groups_nested_too_deeply_are_refused() -> None:
    with pytest.raises(RecursionError):
        read(rb"{\rtf1" + b"{" * 1_000_000)


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
