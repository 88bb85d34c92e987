"""Inspects images and prepares them for sending, in the child process.

Foreign images are decoded nowhere else. Their first bytes tell the format, and Pillow may use only
that format. The size in the header is checked before anything is decoded. A sent image is rotated
according to its EXIF orientation and has no metadata: no location, no camera, no comment.
"""

from __future__ import annotations

import hashlib
import io
import struct
from typing import Final

from PIL import Image, ImageCms

from desktop_app.documents import plain_image, refusals
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
# Modes of images that can be sent unchanged: at most eight bits per channel, and no CMYK.
_PLAIN_MODES: Final = ("1", "L", "LA", "P", "RGB", "RGBA")
_ORIENTATION: Final = 0x0112
_TRANSPOSITIONS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS: Final = (5, 6, 7, 8)
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

    A PNG or JPEG that fits, in plain colors and without metadata, is returned unchanged. The same
    bytes give the same result.
    """
    try:
        with _open_image(name, data, media_type, limits) as image:
            is_plain = plain_image.is_plain(media_type, data) and image.mode in _PLAIN_MODES
            if is_plain and image.width <= size[0] and image.height <= size[1]:
                return ScaledImage(media_type, image.width, image.height, data)
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


def _orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation; 1 means upright."""
    try:
        orientation = image.getexif().get(_ORIENTATION, 1)
    except _PILLOW_ERRORS:
        return 1  # the EXIF block is broken; the image itself may be intact
    return orientation if orientation in _TRANSPOSITIONS else 1


def _displayed_size(image: Image.Image) -> tuple[int, int]:
    """Return width and height as displayed."""
    return image.size[::-1] if _orientation_of(image) in _SIDEWAYS else image.size


def _to_upright_thumbnail(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the image upright, in plain colors, within `size`."""
    orientation = _orientation_of(image)
    box = size[::-1] if orientation in _SIDEWAYS else size
    image.draft("RGB", (box[0] * 2, box[1] * 2))  # decodes a large JPEG at a reduced size
    image.load()
    plain = _to_plain_colors(image)
    if plain.width > box[0] or plain.height > box[1]:
        plain = plain.resize(_fit_within(plain.size, box), Image.Resampling.LANCZOS)
    if orientation in _TRANSPOSITIONS:
        plain = plain.transpose(_TRANSPOSITIONS[orientation])
    plain.info = {}
    return plain


def _fit_within(size: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    ratio = min(box[0] / size[0], box[1] / size[1])
    return (
        min(box[0], max(1, round(size[0] * ratio))),
        min(box[1], max(1, round(size[1] * ratio))),
    )


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
