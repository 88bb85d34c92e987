"""Inspects images and prepares them for sending, in the child process.

Foreign images are decoded nowhere else. Their first bytes tell the format, and Pillow may use only
that format. The size in the header is checked before anything is decoded. A sent image is rotated
according to its EXIF orientation and has no metadata: no location, no camera, no comment.
"""

from __future__ import annotations

import hashlib
import io
import struct
from contextlib import suppress
from typing import Final

from PIL import Image, ImageCms, ImageOps

from desktop_app.documents import refusals
from desktop_app.documents.worker.protocol import Limits, Pixels, ScaledImage
from desktop_app.domain import hints
from desktop_app.domain.documents.extracted_document import ExtractedDocument
from desktop_app.i18n.translation import N_

# A compromise: an image of 1,568 × 1,176 pixels with grain and text takes 0.8 MB. With Pillow's
# default, 75, it takes 0.5 MB, and with the highest useful quality, 95, 1.3 MB.
_JPEG_QUALITY: Final = 90
# A sample of this size has few colors in a screenshot, and nearly as many as pixels in a photo.
SAMPLE: Final = (192, 192)
_FEW_COLORS: Final = 2048
_FORMATS: Final = {
    "image/png": "PNG",
    "image/jpeg": "JPEG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/heic": "HEIF",
    "image/avif": "AVIF",
}
# Modes whose colors are converted by an embedded color profile.
_PROFILE_MODES: Final = ("L", "RGB", "RGBA", "CMYK", "LAB")
_ORIENTATION: Final = 0x0112
_SIDEWAYS: Final = (5, 6, 7, 8)  # the orientations that swap width and height
# The exceptions of Pillow's readers for damaged files. Any other ends this process, and the parent
# process reports that.
_PILLOW_ERRORS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    struct.error,
    RuntimeError,
)

# `_open_image` checks the size, with an error message of its own.
Image.MAX_IMAGE_PIXELS = None


def inspect(name: str, data: bytes, media_type: str, limits: Limits) -> ExtractedDocument:
    """Return an image's size and format, without text. Decode it once to find damage."""
    try:
        with _open_image(name, data, media_type, limits) as image:
            animated = bool(getattr(image, "is_animated", False))
            # A JPEG decoded at an eighth of its size still reveals missing data at its end.
            width, height = _displayed_size(image)
            image.draft("RGB", (max(1, width // 8), max(1, height // 8)))
            image.load()
    except _PILLOW_ERRORS as error:
        raise refusals.unparsable_error(name, error) from error
    return ExtractedDocument(
        name=name,
        media_type=media_type,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        text="",
        pages=None,
        tokens=0,
        width=width,
        height=height,
        animated=animated,
    )


def scale(
    name: str, data: bytes, media_type: str, size: tuple[int, int], limits: Limits
) -> ScaledImage:
    """Scale an image down to fit into `size` (in pixels), without metadata, as PNG or JPEG.

    The same bytes give the same result.
    """
    try:
        with _open_image(name, data, media_type, limits) as image:
            return encode(_to_upright_thumbnail(image, size))
    except _PILLOW_ERRORS as error:
        raise refusals.unparsable_error(name, error) from error


def decode(
    name: str, data: bytes, media_type: str, size: tuple[int, int], limits: Limits
) -> Pixels:
    """Return an image for the screen: upright, and scaled down to fit into `size` (in pixels)."""
    try:
        with _open_image(name, data, media_type, limits) as image:
            plain = _to_upright_thumbnail(image, size).convert("RGBA")
    except _PILLOW_ERRORS as error:
        raise refusals.unparsable_error(name, error) from error
    return Pixels(*plain.size, plain.tobytes())


def _open_image(name: str, data: bytes, media_type: str, limits: Limits) -> Image.Image:
    """Open an image without decoding it. Raises DocumentTooLargeError for too many pixels."""
    if media_type == "image/heic":
        import pi_heif

        pi_heif.register_heif_opener()
    image = Image.open(io.BytesIO(data), formats=[_FORMATS[media_type]])
    if image.width * image.height > limits.pixels:
        image.close()
        megapixels = limits.pixels // 1_000_000
        raise refusals.too_large_error(
            name,
            N_("“{name}” has {width} × {height} pixels, more than {limit} million."),
            hints.ATTACH_PART,
            width=image.width,
            height=image.height,
            limit=megapixels,
        )
    return image


def _displayed_size(image: Image.Image) -> tuple[int, int]:
    with suppress(*_PILLOW_ERRORS):  # the EXIF block may be broken, and the image itself intact
        if image.getexif().get(_ORIENTATION) in _SIDEWAYS:
            return image.height, image.width
    return image.size


def _to_upright_thumbnail(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the image upright, in plain colors, within `size`."""
    side = 2 * max(size)
    image.draft("RGB", (side, side))  # decodes a large JPEG at a reduced size
    image.load()
    with suppress(*_PILLOW_ERRORS):
        ImageOps.exif_transpose(image, in_place=True)
    plain = _to_plain_colors(image)
    # `thumbnail` would make 511 × 341 pixels of 600 × 400 within 512 × 341.
    ratio = min(size[0] / plain.width, size[1] / plain.height)
    if ratio < 1:
        width, height = (max(1, round(side * ratio)) for side in plain.size)
        plain = plain.resize((width, height), Image.Resampling.LANCZOS)
    plain.info = {}
    return plain


def _to_plain_colors(image: Image.Image) -> Image.Image:
    """Convert to RGB, RGBA or gray with eight bits per channel."""
    image = _to_srgb(image)
    if image.mode.startswith("I;16"):
        # 65,535 becomes 255.
        return image.convert("I").point(lambda value: value / 257).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode in ("1", "L", "I", "F") else "RGB")


def _to_srgb(image: Image.Image) -> Image.Image:
    """Convert the colors by the image's color profile, because the sent image has none.

    A broken profile is ignored.
    """
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        mode = output_mode = "RGBA"
    else:
        mode = "RGB" if image.mode == "P" else image.mode
        output_mode = "RGB"
    if not profile or mode not in _PROFILE_MODES:
        return image
    srgb = ImageCms.createProfile("sRGB")
    try:
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = image if image.mode == mode else image.convert(mode)
        return ImageCms.profileToProfile(converted, embedded, srgb, outputMode=output_mode) or image
    except (ImageCms.PyCMSError, *_PILLOW_ERRORS):
        return image


def encode(image: Image.Image) -> ScaledImage:
    """Encode as PNG if there are few colors, as in screenshots; else as JPEG on white."""
    target = io.BytesIO()
    sample = image.resize(SAMPLE, Image.Resampling.NEAREST)
    if sample.getcolors(_FEW_COLORS) is not None:
        image.save(target, "PNG", compress_level=6)
        return ScaledImage("image/png", *image.size, target.getvalue())
    if image.mode == "RGBA":
        background = Image.new("RGBA", image.size, "white")
        background.alpha_composite(image)
        image = background.convert("RGB")
    subsampling = 0 if image.mode == "RGB" else -1  # none for colors, else Pillow's default
    image.save(target, "JPEG", quality=_JPEG_QUALITY, subsampling=subsampling)
    return ScaledImage("image/jpeg", *image.size, target.getvalue())
