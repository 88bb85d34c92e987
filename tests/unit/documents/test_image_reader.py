"""Reading and preparing images in the child process."""

from __future__ import annotations

import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from desktop_app.documents import plain_image
from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.image_reader import decode, scale
from desktop_app.documents.worker.protocol import Limits, ScaledImage
from desktop_app.domain import errors
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from tests.helpers.examples import examples
from tests.helpers.pictures import (
    SECRET,
    animation,
    drawing,
    exif,
    long_animation,
    packed,
    photo,
    png_claiming,
    unpacked,
)

# Pillow warns when it repairs an image. pytest would turn the warning into an error.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

LIMITS = Limits()
KINDS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}


def looked_at(data: bytes, name: str = "a.dat", limits: Limits = LIMITS) -> ExtractedDocument:
    return extract_bytes(name, data, limits, lambda _: None)


def scaled(data: bytes, size: tuple[int, int] = (2048, 2048)) -> ScaledImage:
    return scale("a.dat", data, looked_at(data).media_type, size, LIMITS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_content_decides_the_format_not_the_name(kind: str) -> None:
    data = packed(photo(), kind)
    for name in ("photo.txt", "photo.png", "photo"):
        found = looked_at(data, name)
        assert (found.media_type, found.width, found.height) == (KINDS[kind], 64, 48)
        assert isinstance(found.part, ImagePart)
        assert found.part.dimensions == (64, 48)
    sent = scaled(data)
    assert sent.media_type in ("image/png", "image/jpeg")
    assert unpacked(sent.data).size == (sent.width, sent.height) == (64, 48)


def test_svg_is_text_and_heic_is_refused_with_a_reason() -> None:
    svg = looked_at(b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a.svg")
    assert isinstance(svg.part, DocumentPart)
    assert svg.media_type == "image/svg+xml"
    with pytest.raises(errors.DocumentUnsupportedError, match="HEIC"):
        looked_at(b"\0\0\0\x18ftypheic" + bytes(100), "IMG_1.heic")
    with pytest.raises(errors.DocumentDamagedError, match=r"isn’t a valid \.png file"):
        looked_at(b"no picture", "a.png")
    assert isinstance(looked_at(b"BM is short for", "a.txt").part, DocumentPart)


@pytest.mark.parametrize("turn", range(1, 9))
def test_an_image_is_rotated_by_its_exif_orientation(turn: int) -> None:
    upright = drawing()
    back = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[turn]
    stored = upright if back is None else upright.transpose(back)
    data = packed(stored, "JPEG", exif=exif(turn), quality=95)
    assert looked_at(data).part.dimensions == (64, 48)  # type: ignore[union-attr]
    for size in ((2048, 2048), (32, 32)):
        sent = unpacked(scaled(data, size).data).convert("RGB")
        assert sent.size == ((64, 48) if size[0] > 64 else (32, 24))
        pixels = decode("a.dat", data, "image/jpeg", size, LIMITS)
        shown = Image.frombytes("RGBA", (pixels.width, pixels.height), pixels.data).convert("RGB")
        assert shown.size == sent.size
        for each in (sent, shown):
            left, right = each.getpixel((2, 10)), each.getpixel((each.width - 3, 10))
            assert left[1] < 80 < 200 < right[1]  # type: ignore[index]


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_is_decoded_to_pixels(kind: str) -> None:
    pixels = decode("a.dat", packed(drawing(), kind), KINDS[kind], (2048, 2048), LIMITS)
    assert (pixels.width, pixels.height, len(pixels.data)) == (64, 48, 64 * 48 * 4)
    red, green, _, alpha = pixels.data[:4]
    assert red > 240
    assert green < 20
    assert alpha == 255
    assert min(pixels.data[-4:]) > 240
    clear = packed(Image.new("RGBA", (2, 1), (9, 8, 7, 6)), "PNG")
    assert decode("a.dat", clear, "image/png", (9, 9), LIMITS).data == bytes((9, 8, 7, 6)) * 2
    with pytest.raises(errors.DocumentDamagedError):
        decode("a.dat", packed(photo(), "PNG")[:-100], "image/png", (9, 9), LIMITS)


def notes() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", SECRET.decode())
    info.add_itxt("Where", SECRET.decode(), zip=False)
    return info


@pytest.mark.parametrize(
    "data",
    [
        packed(photo(), "JPEG", exif=exif(), comment=SECRET),
        packed(photo(), "JPEG", icc_profile=SECRET * 9),
        packed(photo(), "JPEG") + SECRET,
        packed(photo(), "PNG", pnginfo=notes(), exif=exif()),
        packed(photo(), "PNG") + SECRET,
        packed(drawing(), "PNG", icc_profile=SECRET * 9),
        packed(photo(), "WEBP", exif=exif(), xmp=SECRET),
        packed(photo(), "TIFF", description=SECRET.decode()),
        packed(drawing().convert("P"), "GIF", comment=SECRET),
    ],
)
def test_a_scaled_image_has_no_metadata(data: bytes) -> None:
    assert SECRET in data or b"icc" in data.lower()  # PNG compresses the profile
    for size in ((2048, 2048), (32, 32)):
        sent = scaled(data, size)
        assert SECRET not in sent.data
        assert plain_image.is_plain(sent.media_type, sent.data)
        assert not unpacked(sent.data).getexif()
        assert "comment" not in unpacked(sent.data).info


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_plain_images_that_fit_are_unchanged(kind: str, options: dict[str, object]) -> None:
    data = packed(photo(), kind, **options)
    assert scaled(data).data == data
    smaller = scaled(data, (32, 32))
    assert (smaller.width, smaller.height) == (32, 24)
    assert scaled(data, (32, 32)) == smaller, "each turn must send the same bytes"


def test_screenshots_become_png_and_photos_jpeg_without_transparency() -> None:
    assert scaled(packed(drawing(400, 300), "BMP")).media_type == "image/png"
    assert scaled(packed(photo(400, 300), "BMP")).media_type == "image/jpeg"
    see_through = photo(300, 300, "RGBA")
    sent = unpacked(scaled(packed(see_through, "WEBP", lossless=True)).data)
    assert sent.mode == "RGB"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "F", "CMYK"])
def test_every_color_mode_is_scaled(mode: str) -> None:
    kind = "PNG" if mode in ("1", "L", "LA", "P", "RGBA", "I;16") else "TIFF"
    if mode == "I;16":
        image = drawing().convert("L").convert("I").point(lambda v: v * 257).convert(mode)
    else:
        image = drawing().convert(mode)
    sent = unpacked(scaled(packed(image, kind), (32, 32)).data).convert("L")
    left, right = sent.getpixel((2, 5)), sent.getpixel((sent.width - 3, 5))
    assert left < 120 < 240 < right  # type: ignore[operator]


def test_the_first_frame_of_an_animation_is_sent() -> None:
    found = looked_at(animation(3))
    assert found.animated
    assert not looked_at(packed(drawing().convert("P"), "GIF")).animated
    found = looked_at(long_animation(10_000))
    assert found.animated
    assert scaled(long_animation(10_000)).width == 16


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused_as_damaged(kind: str, share: float) -> None:
    data = packed(photo(200, 200), kind)
    with pytest.raises(errors.DocumentDamagedError, match="photo"):
        looked_at(data[: int(len(data) * share)], "photo")


def test_an_oversized_header_is_refused_before_decoding() -> None:
    with pytest.raises(errors.DocumentTooLargeError, match="100,000 × 100,000 pixels"):
        looked_at(png_claiming(100_000, 100_000))
    with pytest.raises(errors.DocumentError):
        looked_at(png_claiming(10_000, 10_000))
    with pytest.raises(errors.DocumentTooLargeError, match="64 × 48 pixels"):
        looked_at(packed(photo(), "PNG"), limits=Limits(pixels=1000))


def test_an_image_with_a_broken_exif_block_is_read() -> None:
    data = packed(photo(), "JPEG", exif=exif(6))
    at = data.index(b"Exif\0\0") + 6
    broken = data[:at] + b"MM\0*\xff\xff\xff\xff" + data[at + 8 :]
    assert looked_at(broken).part.dimensions == (64, 48)  # type: ignore[union-attr]
    assert SECRET not in scaled(broken).data


@settings(max_examples=examples(150), deadline=None)
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 2**32))
def test_damage_anywhere_yields_an_image_or_a_refusal(kind: str, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(packed(photo(40, 30) if seed % 2 else drawing(), kind))
    for _ in range(chance.randint(1, 8)):
        data[chance.randrange(4, len(data))] = chance.randrange(256)
    try:
        found = looked_at(bytes(data), limits=Limits(pixels=4_000_000))
        if isinstance(found.part, ImagePart):
            sent = scale("a", bytes(data), found.media_type, (64, 64), LIMITS)
            assert plain_image.is_plain(sent.media_type, sent.data)
    except errors.DocumentError as error:
        assert error.what_to_do


@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA"])
def test_colors_are_converted_by_the_embedded_profile(mode: str) -> None:
    """Check the colors themselves, because images are sent without their profile."""
    image = Image.new("RGB", (8, 8), (200, 100, 50))
    image.putpixel((0, 0), (10, 200, 30))
    target = io.BytesIO()
    image.convert(mode).save(target, "PNG", icc_profile=swapped_profile())
    sent = unpacked(scaled(target.getvalue()).data)
    assert "icc_profile" not in sent.info
    red, green, blue = sent.convert("RGB").getpixel((4, 4))  # type: ignore[misc]
    assert (red, blue) != (200, 50)
    assert blue > red  # the profile says that red is blue
    assert green < blue


def test_a_broken_profile_is_ignored() -> None:
    target = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 100, 50)).save(target, "PNG", icc_profile=b"no profile")
    sent = unpacked(scaled(target.getvalue()).data)
    assert sent.convert("RGB").getpixel((4, 4)) == (200, 100, 50)


def swapped_profile() -> bytes:
    """Return sRGB with its red and blue primaries exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {bytes(data[n : n + 4]): n for n in range(132, 132 + 12 * data[131], 12)}
    red, blue = at[b"rXYZ"], at[b"bXYZ"]
    data[red + 4 : red + 12], data[blue + 4 : blue + 12] = (
        data[blue + 4 : blue + 12],
        data[red + 4 : red + 12],
    )
    return bytes(data)


@pytest.mark.parametrize("size", [(1, 1), (7, 400), (400, 7)])
def test_a_narrow_jpeg_is_complete(size: tuple[int, int]) -> None:
    found = looked_at(packed(Image.new("RGB", size), "JPEG"))
    assert (found.width, found.height) == size
