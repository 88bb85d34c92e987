"""Small images in an answer: which are drawn, and that streams and whole texts draw the same."""

from __future__ import annotations

import itertools
from base64 import b64encode
from io import BytesIO
from typing import Final

import pytest
from PIL import Image

from desktop_app.markdown.block_model import PICTURE, Run
from desktop_app.markdown.export.html_writer import to_html
from desktop_app.markdown.export.text_writer import plain_pieces, to_markdown
from desktop_app.markdown.incremental.block_stream import BlockStream, render
from desktop_app.markdown.parsing import inline_images
from desktop_app.markdown.parsing.inline_images import (
    MAX_ADDRESS_LENGTH,
    MAX_IMAGE_BYTES,
    ends_in_address,
    image_size_of,
)


def address(kind: str, size: tuple[int, int] = (30, 20), *, noise: bool = False) -> str:
    made = Image.effect_noise(size, 90) if noise else Image.new("RGB", size, "red")
    data = BytesIO()
    made.convert("RGB").save(data, kind)
    return f"data:image/{kind.lower()};base64,{b64encode(data.getvalue()).decode()}"


PNG: Final = address("PNG")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_small_raster_images_are_drawn(kind: str) -> None:
    target = address(kind)
    assert image_size_of(target) == (30, 20)
    [block] = render(f"See ![a red thing]({target}) here.")
    assert block.runs == (
        Run("See "),
        Run(PICTURE, image=True, link=target),
        Run("a red thing", image=True, note=True, link=target),
        Run(" here."),
    )
    assert block.text == "See a red thing here."


def encoded(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{b64encode(data).decode()}"


SEGMENT: Final = b"\xff\xd8\xff\xe0\0\4ab"
"""The beginning of a JPEG: a segment that precedes the frame header, which has the size."""
FRAME: Final = b"\xff\xc0\0\x0b\x08\0\x14\0\x1e"
EXTENDED: Final = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x1d\0\0\x13\0\0"
"""The beginning of a WebP with metadata or an animation: width and height, each less 1."""
LOSSLESS: Final = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0/" + (29 | 19 << 14).to_bytes(4, "little")


@pytest.mark.parametrize(
    ("kind", "data", "size"),
    [
        ("jpeg", SEGMENT + FRAME, (30, 20)),
        ("jpeg", SEGMENT + b"\xff\xff" + FRAME, (30, 20)),
        ("jpeg", SEGMENT + b"\xff\xd0" + FRAME, None),
        ("jpeg", SEGMENT + FRAME[:-1], None),
        ("jpeg", SEGMENT, None),
        ("jpeg", SEGMENT + b"\0" + FRAME[1:], None),
        ("webp", LOSSLESS, (30, 20)),
        ("webp", EXTENDED, (30, 20)),
        ("webp", EXTENDED[:-1], None),
        ("webp", LOSSLESS.replace(b"VP8L", b"VP8Z"), None),
    ],
)
def test_the_size_is_read_from_the_header(
    kind: str, data: bytes, size: tuple[int, int] | None
) -> None:
    assert image_size_of(encoded(kind, data)) == size


HOSTILE: Final = {
    "svg": "data:image/svg+xml;base64,PHN2Zz48L3N2Zz4=",
    "not base64": "data:image/png,abc",
    "html": "data:text/html;base64,PGI+",
    "another format": f"data:image/png;base64,{b64encode(b'<svg></svg>').decode()}",
    "cut off": PNG[:40],
    "many pixels": "data:image/png;base64,"
    + b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\1\0\0" * 2 + b"\x08\2\0\0\0").decode(),
    "no pixels": f"data:image/gif;base64,{b64encode(b'GIF89a' + bytes(7)).decode()}",
    "many bytes": address("PNG", (400, 400), noise=True),
    "one byte too many": "data:image/png;base64,"
    + b64encode(
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1").ljust(MAX_IMAGE_BYTES + 1)
    ).decode(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_other_data_urls_are_not_drawn(name: str) -> None:
    target = HOSTILE[name]
    assert name != "many bytes" or len(target) > MAX_IMAGE_BYTES
    assert image_size_of(target) is None
    runs = [run for block in render(f"![words]({target})") for run in block.runs]
    assert PICTURE not in [run.text for run in runs]
    assert "words" in "".join(run.text for run in runs)


def test_the_host_of_an_image_that_is_not_drawn_is_shown_unless_the_image_is_in_a_link() -> None:
    [block] = render("![a cat](https://img.example/cat.png)")
    assert block.text == "a cat"
    assert "".join(run.text for run in block.runs).endswith(" (img.example)")
    [block] = render("[![a cat](https://img.example/cat.png)](https://a.example)")
    assert [(run.text, run.link) for run in block.runs] == [("a cat", "https://a.example")]


@pytest.mark.parametrize(
    ("piece", "before"),
    [(1, "- item "), *itertools.product((7, 1000), ("", "word " * 300, "- item "))],
)
def test_images_in_pieces_render_like_the_whole(piece: int, before: str) -> None:
    target = address("PNG", (60, 60), noise=True)
    assert 12_000 < len(target) < 22_000
    source = f"{before}![words]({target}) and more **words** behind it. " + "so on " * 200
    stream, parsed = BlockStream(), 0
    for at in range(0, len(source), piece):
        parsed += stream.feed(source[at : at + piece]) < len(stream.blocks)
    stream.finish()
    assert stream.blocks == render(source)
    assert any(run.text == PICTURE for block in stream.blocks for run in block.runs)
    # No piece within the address changes anything.
    assert parsed <= (len(source) - len(target)) // piece + 20


def ends_so(source: str, added: int) -> bool:
    before = source[: len(source) - added]
    did_before = ends_in_address(before, len(before), ended_in_address=False)
    return ends_in_address(source, added, ended_in_address=did_before)


@pytest.mark.parametrize(
    ("source", "added", "is_incomplete"),
    [
        ("![a](data:image/png;base64,AAAA", 4, True),
        ("![a](data:image/png;base64,AAAA", 31, True),
        ("![a](data:image/png;base64,AAAA)", 1, False),
        ("![a](data:image/png;base64,AAAA) and", 3, False),
        ("![a](data:image/png;base64,AAAA) and", 36, False),
        ("![a](https://a.example/AAAA", 4, False),
        ("words", 5, False),
        ("words ![a](data:image/png;base64,AA) data:image/png;base64,AA", 2, False),
        ("![a](data:image/png;base64,AA A", 1, False),
        ("![a](data:image/png;base64,A=", 1, True),
        ("![a](data:image/png;base64,A B", 2, False),
        ("![a](data:image/png;base64,AA)AA", 2, False),
        ("![a](data:image/png;base64,", 24, True),
        ("![a](data:image/p", 3, False),
        ("![a](data:imag", 1, False),
        ("a)b ![a](data:image/png;base64,AAAA", 4, True),
        ("![a](data:image/png;base64,AA) ![b](data:image/png;base64,AA", 2, True),
    ],
)
def test_an_incomplete_address_at_the_end_is_recognized(
    source: str, added: int, is_incomplete: bool
) -> None:
    assert ends_so(source, added) is is_incomplete


def test_text_behind_a_broken_address_is_shown_at_once() -> None:
    stream = BlockStream()
    stream.feed("![a](data:image/png;base64,AAAA is broken, and")
    for letter in "so/on":
        stream.feed(letter)
        assert stream.blocks[-1].text.endswith(letter)


def test_an_image_is_copied_as_written() -> None:
    blocks = render(f"![a & b]({PNG})")
    assert to_markdown(blocks) == f"![a & b]({PNG})"
    assert "".join(plain_pieces(blocks)) == "a & b"
    assert to_html(blocks) == f'<p><img src="{PNG}" alt="a &amp; b"></p>'


_LETTERS: Final = "QUJD/+" * 5_000
LONG: Final = f"data:image/png;base64,{_LETTERS}=="


@pytest.mark.parametrize("piece", [7, 1499, 4000, MAX_ADDRESS_LENGTH, 200_000])
@pytest.mark.parametrize("before", ["", "# ", "- Words\n\n  ", "| a |\n|---|\n| ", "> `code` "])
def test_only_the_beginning_of_an_overlong_address_is_kept(piece: int, before: str) -> None:
    source = f"{before}See ![a *red* thing]({LONG}) and [that]({LONG[:-1]} 'x').\n\n![b]({LONG})"
    stream = BlockStream()
    for at in range(0, len(source), piece):
        stream.feed(source[at : at + piece])
        assert len(stream._source) < 3 * MAX_ADDRESS_LENGTH + 4000
        assert not any(_LETTERS[:100] in block.text for block in stream.blocks)
    stream.finish()
    assert stream.blocks == render(source)
    cells = [cell for block in stream.blocks for row in block.rows for cell in row]
    runs = [run for some in (*cells, *(block.runs for block in stream.blocks)) for run in some]
    links = [run for run in runs if run.link]
    assert {run.text for run in links} >= {"a red thing", "that", "b"}
    assert all(len(run.link) < MAX_ADDRESS_LENGTH and LONG.startswith(run.link) for run in links)


@pytest.mark.parametrize("piece", [700, 1500, 4000, 100_000])
@pytest.mark.parametrize("fence", ["```\n{}\n```\n", "    {}\n", "- a\n  ~~~\n  {}\n"])
def test_code_keeps_an_overlong_address(piece: int, fence: str) -> None:
    line = f"![a red thing]({LONG})"
    stream, source = BlockStream(), fence.format(line)
    for at in range(0, len(source), piece):
        stream.feed(source[at : at + piece])
    stream.finish()
    assert [block.text for block in stream.blocks if line in block.text] == [line]


START: Final = "](data:image/png;base64,"


@pytest.fixture
def short_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inline_images, "MAX_ADDRESS_LENGTH", 40)


@pytest.mark.usefixtures("short_addresses")
@pytest.mark.parametrize(
    ("source", "added", "is_incomplete", "overlong"),
    [
        (f"![a{START}{'A' * 16}", 3, True, None),
        (f"![a{START}{'A' * 17}", 3, False, (43, 44)),
        (f"![a{START}{'A' * 20}", 20, False, (43, 47)),
        (f"![a{START}{'A' * 16})", 20, False, None),
        (f"![a{START}{'A' * 9}){'A' * 20}", 3, False, None),
        (f"![a{START}{'A' * 60}", 43, False, None),
        (f"![a{START}{'A' * 60}", 44, False, (43, 87)),
        (f"![a](data:image/png,{'x' * 40}", 40, False, None),
        ("x" * 80, 40, False, None),
    ],
)
def test_an_address_has_a_maximum_length(
    source: str, added: int, is_incomplete: bool, overlong: tuple[int, int] | None
) -> None:
    assert ends_so(source, added) is is_incomplete
    assert inline_images.find_overlong_range(source, added) == overlong


def test_the_text_after_an_address_is_kept() -> None:
    texts = ("AA+/=) b", "AA", " b", "")
    assert [inline_images.drop_address_rest(text) for text in texts] == [") b", "", " b", ""]


@pytest.mark.usefixtures("short_addresses")
@pytest.mark.parametrize(
    ("source", "within"),
    [
        # For each position outside an image: the positions within the image that it replaces.
        (f"ab![c{START}AAAA) d", {35: range(3, 34)}),
        (f"ab![c{START}AAAA)d", {34: range(3, 34)}),
        (f"ab![c{START}AAAA)", {2: range(3, 34)}),
        (f"ab![c{START}AAAA", {2: range(3, 34)}),
        (f"c{START}AAAA", {0: range(2, 30)}),
        (f"ab![c{START}{'A' * 15})xd", {45: range(3, 46)}),
        (f"ab![c{START}{'A' * 16})xd", {46: range(3, 47)}),
        (f"ab![c{START}{'A' * 17})xd", {}),
        (f"![a](b) ![c{START}AAAA)d", {40: range(9, 40)}),
        (f"![{'c' * 400}{START}AAAA)d", {431: range(1, 431)}),
        ("![c](https://a.example/b.png)", {}),
        ("words", {}),
    ],
)
def test_the_nearest_position_outside_an_image_is_found(
    source: str, within: dict[int, range]
) -> None:
    expected = list(range(len(source) + 1))
    for place, places in within.items():
        for at in places:
            expected[at] = place
    assert [
        inline_images.move_cut_outside_image(source, at) for at in range(len(source) + 1)
    ] == expected


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\3\xe8\0\0\3\xe8", (1000, 1000)),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\3\xe8\0\0\3\xe9", None),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\0", None),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0", None),
        (b"GIF87a\1\0\2\1", (1, 258)),
        (b"GIF89a\0\1\2\0", (256, 2)),
        (b"GIF88a\1\0\2\0", None),
        (b"GIF87a\1\0\2", None),
        (b"RIFFsizeWEBPVP8 " + bytes(10) + b"\1\x40\2\x80", (1, 2)),
        (b"RIFFsizeWEBPVP8 " + bytes(10) + b"\1\0\2", None),
        (b"RIFFsizeWAVEVP8 " + bytes(10) + b"\1\0\2\0", None),
        *((b"\xff\xd8\xff" + bytes((kind,)) + FRAME[2:], (30, 20)) for kind in (0xC1, 0xCF)),
        *((b"\xff\xd8\xff" + bytes((kind,)) + FRAME[2:], None) for kind in (0xC4, 0xC8, 0xCC)),
        *((b"\xff\xd8\xff" + bytes((kind,)) + FRAME[2:], None) for kind in (0xBF, 0xD0)),
    ],
)
def test_only_valid_headers_and_sizes_within_the_limit_are_accepted(
    data: bytes, size: tuple[int, int] | None
) -> None:
    assert image_size_of(encoded("png", data)) == size


@pytest.mark.parametrize(
    ("letters", "data"),
    [("QQ==", b"A"), ("QQ", b"A"), ("QUI=", b"AB"), ("QUJD", b"ABC"), ("Q", None), ("QUJDQ", None)],
)
def test_the_bytes_of_an_address_are_decoded(letters: str, data: bytes | None) -> None:
    assert inline_images.image_bytes_of(f"data:image/png;base64,{letters}") == data


@pytest.mark.parametrize("before", ["Words ", "- **bold ", "| a |\n|---|\n| b ", "[^1]: "])
def test_nothing_changes_while_an_address_arrives(before: str) -> None:
    stream = BlockStream()
    stream.feed(before)
    shown = list(stream.blocks)
    for piece in (f"![a{START}", "AAAA", "A", "=", _LETTERS[:30_000], _LETTERS[:100]):
        assert stream.feed(piece) == len(stream.blocks)
        assert stream.blocks == shown
    assert stream.feed(") and more. ") < len(stream.blocks)
    assert "and more." in repr(stream.blocks[-1])
    assert BlockStream().feed(f"Words ![a{START}AAAA") == 0
