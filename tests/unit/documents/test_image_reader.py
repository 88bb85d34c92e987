"""Reading and preparing images in the child process."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from desktop_app.documents.extract import extract_bytes
from desktop_app.documents.image_reader import decode, scale
from desktop_app.documents.worker.protocol import Limits, ScaledImage
from desktop_app.domain import errors
from desktop_app.domain.conversations.message_parts import DocumentPart, ImagePart
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from tests.helpers.pictures import SECRET, drawing, exif, packed, photo, png_claiming, unpacked

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
    "AVIF": "image/avif",
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


def test_a_photo_of_a_phone_is_read() -> None:
    data = (Path(__file__).parents[2] / "data" / "red.heic").read_bytes()
    found = looked_at(data, "IMG_1.jpg")
    assert (found.media_type, found.width, found.height) == ("image/heic", 64, 48)
    sent = unpacked(scaled(data, (32, 32)).data).convert("RGB")
    assert sent.size == (32, 24)
    red, green, blue = sent.getpixel((5, 5))
    assert red > 150 > 60 > max(green, blue)


def test_svg_is_text_and_what_is_no_image_is_refused() -> None:
    svg = looked_at(b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a.svg")
    assert isinstance(svg.part, DocumentPart)
    assert svg.media_type == "image/svg+xml"
    with pytest.raises(errors.DocumentDamagedError):
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
        assert not unpacked(sent.data).info.keys() & {"icc_profile", "exif", "xmp"}
        assert not unpacked(sent.data).getexif()
        assert "comment" not in unpacked(sent.data).info


def test_screenshots_become_png_and_photos_jpeg_without_transparency() -> None:
    assert scaled(packed(drawing(400, 300), "BMP")).media_type == "image/png"
    assert scaled(packed(photo(400, 300), "BMP")).media_type == "image/jpeg"
    see_through = photo(300, 300, "RGBA")
    sent = unpacked(scaled(packed(see_through, "WEBP", lossless=True)).data)
    assert sent.mode == "RGB"


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


def test_an_image_fills_one_side_of_the_size() -> None:
    assert unpacked(scaled(packed(photo(600, 400), "PNG"), (512, 341)).data).size == (512, 341)
    assert unpacked(scaled(packed(photo(400, 3), "PNG"), (40, 40)).data).size == (40, 1)
