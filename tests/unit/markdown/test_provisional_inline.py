"""Half-written inline Markdown: what is left out, and what closes its open marks."""

from __future__ import annotations

import pytest

from desktop_app.markdown.provisional.provisional_inline import complete_inline


@pytest.mark.parametrize(
    ("content", "shown", "closers"),
    [
        ("a *b", "a *b", "*"),
        ("a **b", "a **b", "**"),
        ("a ***b", "a ***b", "***"),
        ("a *", "a ", ""),
        ("a **", "a ", ""),
        ("a * b", "a * b", ""),
        ("a*", "a", ""),
        ("*a* b", "*a* b", ""),
        ("**a* b", "**a* b", "*"),
        ("a `b", "a `b", "`"),
        ("a ``b`", "a ``b", "``"),
        ("a `", "a ", ""),
        ("a ~~b", "a ~~b", "~~"),
        ("a ~b", "a ~b", ""),
        ("a ~~", "a ", ""),
        ("a [b", "a ", ""),
        ("a [b]", "a ", ""),
        ("a [b](", "a [b](#", ")"),
        ("a [b](https://c", "a [b](#", ")"),
        ("a [b](https://c(d", "a [b](#", ")"),
        ("a [b](https://c 'd", "a [b](#", ")"),
        ("a ![b", "a ", ""),
        ("a ![b](https://c", "a ![b](#", ")"),
        ("a [b][", "a ", ""),
        ("a [^1", "a ", ""),
        ("a $x", "a ", ""),
        ("a $5", "a ", ""),
        ("a \\(x", "a ", ""),
        ("a \\(x\\)", "a \\(x\\)", ""),
        ("a \\", "a ", ""),
        ("a <b", "a ", ""),
        ("a <https://c", "a <https://c", ">"),
        ("a &am", "a ", ""),
        ("a &amp", "a ", ""),
        ("a https://c.d/e_f", "a https://c.d/e_f", ""),
        ("a _b", "a _b", "_"),
        ("a_b", "a_b", ""),
        ("_a_b", "_a_b", "_"),
        ("a __b", "a __b", "__"),
        ("(*a", "(", ""),
        ("a (*b)", "a (*b)", ""),
        ("a **b *c", "a **b *c", "***"),
        ("a **b* c", "a **b* c", "*"),
        ("*a **b", "*a **b", "***"),
        ("[*a", "", ""),
        ("[*a](b", "[*a](#", ")"),
        ("a *args", "a ", ""),
        ("2 * 3 *4", "2 * 3 *4", "*"),
        ("a\n*b", "a\n*b", "*"),
        ("a ![b](data:image/png;base64,AA", "a ![b](#", ")"),
        ("~~a *b `c", "~~a *b `c", "`*~~"),
        ("a [b `c", "a ", ""),
        ("a [b](\\", "a [b](#", ")"),
        ("a [b](<c d", "a [b](#", ")"),
        ("a [b]( c ", "a [b](#", ")"),
        ("a [b](c) (d", "a [b](c) (d", ""),
        ('a [b](c "d") *e', 'a [b](c "d") *e', "*"),
        ('a [b](<c>"d") *e', 'a [b](<c>"d") *e', "*"),
        ("a [b](<c>(d) *e", "a [b](<c>(d) *e", "*"),
        ("a [b](c (d", "a [b](#", ")"),
        ("a [b](c\\) d", "a [b](c\\) d", ""),
        ("a [b](c(d)e", "a [b](#", ")"),
        ("a [b](c) *d", "a [b](c) *d", "*"),
        ("a [b] *c", "a [b] *c", "*"),
        ("*a [b](c*", "*a [b](#", ")*"),
        ("`a *b", "`a *b", "`"),
        ("a `b` *c", "a `b` *c", "*"),
        ("a **b\n\nc", "a **b\n\nc", "**"),
        ("a ***b* c", "a ***b* c", "**"),
        ("a ***b** c", "a ***b** c", "*"),
        ("a ~~~b", "a ~~~b", ""),
        ("<a *b", "<a *b", "*"),
        ("$a *b", "", ""),
        ("\\*a *b", "\\*a *b", "*"),
        ("a *b*c", "a *b*c", ""),
        ("a **b*c", "a **b*c", "***"),
        ("_a *b_ c", "_a *b_ c", ""),
        ("*a _b* c", "*a _b* c", ""),
        ("a *b `c*`", "a *b `c*`", "*"),
        ("🙂 *b", "🙂 *b", "*"),
        ("文**字", "文**字", "**"),
        ("**「字", "**「字", "**"),
        ("a **b** *", "a **b** ", ""),
        ("a *b* **", "a *b* ", ""),
        ("a [b][c] *d", "a [b][c] *d", "*"),
        ("a [^1] *d", "a [^1] *d", "*"),
        ("!", "", ""),
        ("a !", "a ", ""),
        ("a *b !", "a *b", "*"),
        ("", "", ""),
    ],
)
def test_open_marks_are_closed_or_left_out(content: str, shown: str, closers: str) -> None:
    assert complete_inline(content) == (shown, closers)


def test_a_formula_that_may_continue_is_held_back_only_within_a_word() -> None:
    assert complete_inline("a $x$") == ("a ", "")
    assert complete_inline("a $x$", may_continue=False) == ("a $x$", "")


def test_a_possible_formula_of_plain_letters_is_held_back_up_to_80_characters() -> None:
    formula = f"$x+{'y' * 77}"
    assert complete_inline(f"a {formula}") == ("a ", "")
    assert complete_inline(f"a {formula}y") == (f"a {formula}y", "")
