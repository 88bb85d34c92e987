"""Links show their target if their text could mislead. Only web and mail links open."""

from __future__ import annotations

import ast
import re
import unicodedata
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desktop_app.markdown.block_model import ADDED_MARK
from desktop_app.markdown.export.html_writer import to_html
from desktop_app.markdown.incremental.block_stream import render
from desktop_app.markdown.parsing.links import destination_to_show, image_destination, is_openable

PRODUCT = Path(__file__).parents[3] / "desktop_app"
EVIL = "https://evil.example/login"

# Decorations, full stops of other scripts, users and ports are among the properties below.
LOOKS_LIKE_AN_ADDRESS = [
    "«\u202fbank.example\u202f»",
    "✅ https://bank.example/login",
    "Log in at bank.example now",
    "bank\ua4f8example",
    "bank\u2022example",
    "bank\u06f0example",
    "bank.\u0332example",
    "bank\u200b.\u2060example",
    "\u202ebank.example",
    "bank.\u200aexample",
    "ｂａｎｋ.example",
    "𝐛𝐚𝐧𝐤.example",
    "Ⓑⓐⓝⓚ.example",
    "🇧🇦🇳🇰.example",
    "bank.ex4mple",
    "https:⁄⁄bank.example⁄login",
    "http://localhost",
    "localhost:8080",
    "localhost/login",
    "https://intranet/x",
    "192.168.0.1",
    "http://192.168.0.1:8080/x",
    "0x7f.0.0.1",
    "3232235777",
    "0x7f000001",
    "http://3232235777",
    "::1",
    "[2001:db8::1]",
    "bank.example@evil.example",
    "https://bank.example@evil.example",
    "evil.example bank.example",
    "evil.example/→bank.example",
    "xn--bnk-6cd.example",
    "P\u0430ypal",
    "a" * 3_000,
]

HONEST = [
    ("the docs", "https://docs.example/a"),
    ("docs.example", "https://docs.example/a"),
    ("docs.example", "https://www.docs.example"),
    ("“docs.example” →", "https://docs.example/a"),
    ("DOCS.example/a", "https://docs.example/a"),
    ("https://docs.example/v1.beta/x.html?y=a.bc#d.ef", "https://docs.example/v1.beta/x.html"),
    ("https://docs.example:8080/a", "https://docs.example:8080/a"),
    ("http://192.168.0.1/x", "http://192.168.0.1/x"),
    ("http://localhost:8080", "http://localhost:8080/"),
    ("README.md", "https://git.example/x/README.md"),
    ("slides.odp", "https://docs.example/slides.odp"),
    ("the file main.py", "https://git.example/x/main.py?plain=1"),
    ("localhost", "https://git.example/x"),
    ("localhost:8080", "http://localhost:8080/"),
    ("Version 2.0", "https://git.example/x"),
    ("1.2.3", "https://git.example/x"),
    ("wait...", "https://git.example/x"),
    ("10:20:30", "https://git.example/x"),
    ("col·lecció", "https://ca.example/x"),
    ("Größe", "https://docs.example"),
    ("🅐🅩.example", "https://az.example"),
    ("🅰🆉.example", "https://az.example"),
    ("🇦🇿.example", "https://az.example"),
    ("me.too@docs.example", "mailto:me.too@docs.example"),
    ("Mail us", "mailto:me@docs.example?subject=x"),
    ("a.b", "#a"),
    ("https://../", "https://../"),
    ("https://foo.bar.`baz", "https://foo.bar.%60baz"),
    ("made-up-scheme://foo,bar", "made-up-scheme://foo,bar"),
]


@pytest.mark.attack("links")
@pytest.mark.parametrize("words", LOOKS_LIKE_AN_ADDRESS, ids=lambda words: ascii(words[:40]))
def test_the_true_host_follows_words_that_name_another(words: str) -> None:
    assert destination_to_show(words, EVIL) == "evil.example"


@pytest.mark.parametrize(("words", "target"), HONEST)
def test_nothing_follows_an_honest_link(words: str, target: str) -> None:
    assert destination_to_show(words, target) == ""


@pytest.mark.attack("links")
@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("https://bank.example@evil.example/", "evil.example"),
        ("https://bank.example:443@evil.example/", "evil.example"),
        ("https://a@bank.example@evil.example/", "evil.example"),
        ("https://evil.example/bank.example", "evil.example"),
        ("https://b\u00e4nk.example/", "xn--bnk-qla.example"),
        ("https://b%C3%A4nk.example/", "xn--bnk-qla.example"),
        ("https://%65vil.example/", "evil.example"),
        ("https://evil\u3002example/", "evil.example"),
        ("https:bank.example", "https:bank.example"),
        ("https:///bank.example", "https:///bank.example"),
        ("https://evil.example\\@bank.example/", "https://evil.example\\@bank.example/"),
        ("https://3627734734/", "3627734734"),
    ],
)
def test_the_host_is_parsed_as_in_browsers(target: str, place: str) -> None:
    assert destination_to_show("bank.example", target) == place


@pytest.mark.attack("links")
def test_a_name_in_the_top_level_domain_zip_is_a_host() -> None:
    target = "https://evil.example/update.zip"
    assert destination_to_show("update.zip", target) == "evil.example"


def test_a_user_name_does_not_hide_the_host_of_an_image() -> None:
    assert image_destination("https://bank.example@evil.example/x.png") == "evil.example"


def test_a_long_destination_is_cut() -> None:
    longest = "folder/" + "x" * 73
    assert image_destination(longest) == longest
    assert image_destination(f"{longest}y") == f"{longest[:79]}…"


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("", ""),
        ("#a", ""),
        ("data:image/svg+xml,<svg>", "image/svg+xml, not shown"),
        ("DATA:image/png;base64,AA", "image/png, not shown"),
        ("https://a.example/b.png", "a.example"),
    ],
)
def test_an_image_that_is_not_drawn_has_a_place(target: str, place: str) -> None:
    assert image_destination(target) == place


@pytest.mark.attack("links")
@pytest.mark.parametrize(
    ("words", "target", "place"),
    [
        ("Mail us", "mailto:a@b.example,c@d.example", "2 recipients: a@b.example, c@d.example"),
        ("Mail us", "mailto:a@b.example%2Cc@d.example", "2 recipients: a@b.example, c@d.example"),
        ("Mail us", "mailto:a@b.example?cc=c@d.example", "2 recipients: a@b.example, c@d.example"),
        ("a@b.example", "mailto:a@b.example?bcc=c@d.example", "2 recipients: a@b.example, Bcc c@"),
        ("Mail us", "mailto:?bcc=c@d.example", "Bcc c@d.example"),
        ("Mail us", "mailto:a@b.example?to=c@d.example;e@f.example", "3 recipients: "),
        ("me@bank.example", "mailto:me@evil.example", "evil.example"),
        ("me@bank.example", "mailto:you@bank.example", "you@bank.example"),
        ("“me@bank.example”", "mailto:me@evil.example", "evil.example"),
        ("Mail us", "mailto:me@b\u00e4nk.example", "xn--bnk-qla.example"),
        (
            "Mail us",
            "mailto:a@b.example?attach=/etc/passwd",
            "mailto:a@b.example?attach=/etc/passwd",
        ),
    ],
)
def test_the_recipients_of_a_mail_are_shown(words: str, target: str, place: str) -> None:
    assert destination_to_show(words, target).startswith(place)


def test_a_linked_image_is_a_link_with_its_name_or_the_word_for_it() -> None:
    for words, shown in {"the build": "the build", "": "image"}.items():
        [image] = render(f"[![{words}](https://a.example/b.png)](https://b.example)")[0].runs
        assert (image.text, image.link) == (shown, "https://b.example")


@pytest.mark.usefixtures("german_language")
def test_texts_that_the_program_adds_are_in_the_language_of_the_user() -> None:
    place = destination_to_show("Mail us", "mailto:p@q.example,r@s.example")
    [image] = render("![]()")[0].runs
    assert place == "2 Empfänger: p@q.example, r@s.example"
    assert image.text == "Bild"


def encoded_fully(text: str) -> str:
    """Return a text with every character written as % and its number."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


MAILS_THAT_DO_MORE = [
    "a@b.example?attach=/etc/passwd",
    "a@b.example?Attachment=/etc/passwd",
    "a@b.example?subject=x&attach=/etc/passwd",
    "a@b.example?subject=x;attach=/etc/passwd",
    "a@b.example?subject=x%26attach=/etc/passwd",
    "a@b.example?subject=x%2526attach%253D/etc/passwd",
    "a@b.example?%61ttach=/etc/passwd",
    "a@b.example?%2561ttach=/etc/passwd",
    "a@b.example?%20attach=/etc/passwd",
    "a@b.example?attach",
    "a@b.example?in-reply-to=x",
    "a@b.example?from=boss@bank.example",
    "a@b.example?subject=x%0ABcc:c@d.example",
    "a@b.example?subject=x%0D%0ABcc:%20c@d.example",
    "a@b.example?subject=x%250ABcc:c@d.example",
    "a@b.example?body=x%0Aattach=/etc/passwd",
    "a@b.example?body=x%0Abcc=c@d.example",
    "a@b.example%0ABcc:c@d.example",
    "a@b.example%3Fattach=/etc/passwd",
    "a@b.example&attach=/etc/passwd",
    "a@b.example#?attach=/etc/passwd",
    "a@b.example?subject=%00x",
    "a@b.example?subject=%E2%80%AEx",
    "%22--attach%22@b.example",
    "-attach@b.example",
    "a@b.example?cc=%2D-attach@b.example",
    "boss@bank.example%3Cc@d.example%3E",
    "a@b.example?subject=" + "%25" * 20 + "26attach=x",
    "a@b.example?subject=%" + "25" * 20 + "26attach=x",
    "a@b.example?subject=%25E2%80%AEx",
    "a@b.example?subject=%FF",
]


@pytest.mark.attack("links")
@pytest.mark.parametrize("mail", MAILS_THAT_DO_MORE, ids=lambda mail: mail[:50])
def test_mail_addresses_with_other_fields_are_refused(mail: str) -> None:
    once = quote(mail, safe="@?=&;%/:,")
    assert not is_openable(f"mailto:{once}")
    assert not is_openable(f"MAILTO:{once}")


@pytest.mark.parametrize(
    "mail",
    [
        "me@a.example",
        "me@a.example?subject=Hello%20there&body=One%0D%0ATwo",
        "me@a.example?subject=Q%26A",
        "me@a.example?subject=%" + "25" * 3 + "41",
        "me@a.example?SUBJECT=x&cc=you@a.example",
        "?to=me@a.example",
        "me+tag@a.example,you@a.example",
    ],
)
def test_an_ordinary_mail_opens(mail: str) -> None:
    assert is_openable(f"mailto:{mail}")


@pytest.mark.attack("links")
@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "ftp://a.example",
        "tel:123",
        "https:a.example",
        "https:///a.example",
        "https://",
        "https://@/",
        "https://a.example\\@b.example",
        "https://a b.example",
        "https://a.example/a b",
        "mailto:a@b.example?subject=%" + "25" * 20 + "41",
        "https://a.example/\u202e",
        "https://a%00b.example",
        "https://a%2Fb.example",
        "http://[::1",
        "//a.example",
        "action:delete",
    ],
)
def test_other_targets_do_not_open(target: str) -> None:
    assert not is_openable(target)


# ---------------------------------------------------------------- properties

DECORATIONS = "“”«»‹›'\"()[]{}→⇒➜↗🔒✅⚠️🏦|•\u200b\u200d\u2060\ufeff\u202a\u202c\u2066\u2069 !?,;"
DOTS = ".\u3002\uff0e\uff61\u2024\ufe52"
LABELS = st.from_regex(r"[a-z][a-z0-9]{0,8}[a-z]", fullmatch=True)


@st.composite
def hosts(draw: st.DrawFn) -> str:
    return ".".join(draw(st.lists(LABELS, min_size=2, max_size=4)))


@pytest.mark.attack("links")
@given(
    hosts(),
    st.text(DECORATIONS, max_size=6),
    st.text(DECORATIONS, max_size=6),
    st.sampled_from(DOTS),
    st.sampled_from(["", "https://", "http://", "www.", "user@", "https://user:pass@"]),
    st.sampled_from(["", "/", "/login?next=a", ":443", "#top"]),
)
def test_no_decoration_of_the_words_hides_the_host(
    said: str, before: str, behind: str, dot: str, start: str, end: str
) -> None:
    words = f"{before}{start}{said.replace('.', dot)}{end}{behind}"
    assert destination_to_show(words, "https://true-host.evil/x") == "true-host.evil"


@given(hosts(), st.sampled_from(["", "/", "/a/b.html", "/a?b=c.de", ":8080/x"]))
def test_nothing_follows_an_address_that_is_its_own_text(host: str, end: str) -> None:
    for target in (f"https://{host}{end}", f"http://{host}{end}"):
        assert destination_to_show(target, target) == ""
        assert is_openable(target)


@pytest.mark.attack("links")
@given(st.text(), st.text())
def test_any_words_and_any_target_are_accepted(words: str, target: str) -> None:
    place = destination_to_show(words, target)
    assert len(place) <= 300
    if is_openable(target):
        assert target.lower().startswith(("http://", "https://", "mailto:"))
        assert target.isprintable()


@pytest.mark.attack("links")
@given(st.sampled_from(MAILS_THAT_DO_MORE), st.integers(1, 5), st.data())
def test_no_encoding_hides_a_forbidden_mail_field(
    mail: str, times: int, data: st.DataObject
) -> None:
    for _ in range(times):
        at = data.draw(st.integers(0, len(mail) - 1))
        mail = mail[:at] + encoded_fully(mail[at]) + mail[at + 1 :]
    assert not is_openable(f"mailto:{mail}")


@given(st.text(max_size=30))
@example("bänk")
@example("банк")
def test_a_host_is_shown_in_ascii(label: str) -> None:
    place = destination_to_show("bank.example", f"https://{label}.example/x")
    if is_openable(f"https://{label}.example/x"):
        assert place.isascii()
        assert unicodedata.normalize("NFKC", place) == place


# ---------------------------------------------------------------- the shown destination


@pytest.mark.attack("links")
@pytest.mark.parametrize(
    "source",
    [
        "[bank.]({u})[example]({u})",
        "[bank]({u})[.example]({u})",
        "[https]({u})[://bank]({u})[.example]({u})",
        "[bank.ex]({u})[ample]({u})",
        "[bank.]({u})[example]({u}?2)",
        "[bank.]({u})[**ex**]({u})[ample]({u})",
        "https://www.[bank]({u})",
        "bank.[example]({u})",
        "**bank**.[example]({u})",
        "bank.example/[login]({u})",
        "[bank]({u}).example",
        "[bank]({u})**.ex**ample",
        "[bank]({u})`.example`",
        "[bank]({u})&#8203;.example",
        "[bank]({u})&#8202;.example",
        "bank.example&#8202;[/login]({u})",
        "P[\u0430ypal]({u})",
    ],
)
def test_a_host_made_of_several_pieces_does_not_hide_the_true_one(source: str) -> None:
    [block] = render(source.format(u=EVIL))
    assert f"{ADDED_MARK} (evil.example)" in [run.text for run in block.runs]


@pytest.mark.parametrize(
    "source",
    [
        "See the [docs]({u}). Then go on.",
        "As reported.[evil.example]({u})",
        "[One]({u}), [two]({u}) and [three]({u})",
        "[1]({u})[2]({u}?2)",
        "([docs]({u}))",
        "bank.example [docs]({u}) bank.example",
        "main.[py](https://evil.example/main.py)",
    ],
)
def test_text_around_an_honest_link_adds_nothing(source: str) -> None:
    [block] = render(source.format(u=EVIL))
    assert not [run for run in block.runs if run.text.startswith(ADDED_MARK)]


@pytest.mark.attack("links")
def test_the_destination_is_part_of_copied_html() -> None:
    html = to_html(render(f"[“bank.example”]({EVIL}) and [the docs](https://docs.example)"))
    assert f'<a href="{EVIL}">“bank.example”</a> (evil.example) and' in html
    assert '<a href="https://docs.example">the docs</a></p>' in html


@pytest.mark.attack("links")
def test_the_destination_follows_words_in_formulas() -> None:
    [block] = render(rf"[$\text{{bank}}.\text{{example}}$]({EVIL})")
    assert block.runs[-1].text == f"{ADDED_MARK} (evil.example)"


# ---------------------------------------------------------------- opening


# The words of all that `opens_something` finds; to parse all modules takes seconds.
HINT_OF_OPENING = re.compile("setOpen(External)?Links|openUrl|startfile|webbrowser|xdg-open")


def opens_something(node: ast.AST) -> bool:
    """Return True for code that hands an address to the system, or lets Qt do so."""
    match node:
        case ast.Call(func=ast.Attribute(attr="setOpenLinks" | "setOpenExternalLinks"), args=[on]):
            return ast.unparse(on) != "False"
        case ast.Attribute(attr="openUrl" | "startfile"):
            return True
        case ast.Import() | ast.ImportFrom():
            return "webbrowser" in ast.unparse(node)
        case ast.Constant(value="xdg-open"):
            return True
    return False


@pytest.mark.attack("links")
def test_one_module_opens_links_in_windows_and_one_in_terminals() -> None:
    """A call elsewhere would open addresses that `is_openable` has not checked."""
    found = {
        file.relative_to(PRODUCT).as_posix()
        for file in PRODUCT.rglob("*.py")
        if HINT_OF_OPENING.search(source := file.read_text())
        and any(map(opens_something, ast.walk(ast.parse(source))))
    }
    assert found == {"widgets/external_open.py", "child_processes.py"}


@pytest.mark.attack("links")
def test_a_non_ascii_host_follows_even_its_own_address() -> None:
    for address in ("https://xn--bnk-0na.example/", "https://bаnk.example/"):
        assert destination_to_show(address, address).startswith("xn--")
