"""Images for tests, made with Pillow: photos, drawings, animations and malicious files."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

from PIL import Image

SECRET = b"59.9139 N 10.7522 E"


def photo(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """Return an image of noise, with as many colors as pixels."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(
        mode, (width, height), random.Random(7).randbytes(width * height * channels)
    )


def drawing(width: int = 64, height: int = 48) -> Image.Image:
    """Return an image of two colors: the left half red, the right half white."""
    image = Image.new("RGB", (width, height), "white")
    image.paste((255, 0, 0), (0, 0, width // 2, height))
    return image


def packed(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return an image's bytes in a file format."""
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def exif(turn: int = 1) -> bytes:
    """Return a camera's Exif data with orientation and position."""
    block = Image.Exif()
    block[0x0112] = turn
    block[0x010E] = SECRET.decode()
    block[0x8825] = {1: "N", 2: (59.0, 54.0, 50.0), 3: "E", 4: (10.0, 45.0, 8.0)}
    return block.tobytes()


def unpacked(data: bytes) -> Image.Image:
    """Return the image in `data`."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def animation(frames: int, size: tuple[int, int] = (16, 16)) -> bytes:
    """Return a GIF of `frames` frames."""
    images = [Image.new("RGB", size, (number * 40 % 256, 0, 99)) for number in range(frames)]
    return packed(images[0], "GIF", save_all=True, append_images=images[1:], duration=20)


def png_claiming(width: int, height: int) -> bytes:
    """Return a PNG whose header claims a size, with little content."""
    return _png(width, height, zlib.compress(bytes(1 << 20), 9))


def _png(width: int, height: int, body: bytes) -> bytes:
    """Return a PNG of 8-bit RGB with these compressed pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
