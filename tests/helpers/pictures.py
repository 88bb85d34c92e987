"""Pictures for tests, made by Pillow: photos, screenshots, animations, and such as do harm."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

from PIL import Image

SECRET = b"59.9139 N 10.7522 E"


def photo(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """Noise: as many colours as pixels."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(
        mode, (width, height), random.Random(7).randbytes(width * height * channels)
    )


def drawing(width: int = 64, height: int = 48) -> Image.Image:
    """Two colours, the left half red."""
    image = Image.new("RGB", (width, height), "white")
    image.paste((255, 0, 0), (0, 0, width // 2, height))
    return image


def packed(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a picture."""
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def exif(turn: int = 1) -> bytes:
    """A camera's note: how it was held, and where."""
    block = Image.Exif()
    block[0x0112] = turn
    block[0x010E] = SECRET.decode()
    block[0x8825] = {1: "N", 2: (59.0, 54.0, 50.0), 3: "E", 4: (10.0, 45.0, 8.0)}
    return block.tobytes()


def unpacked(data: bytes) -> Image.Image:
    """The picture in `data`."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def animation(frames: int, size: tuple[int, int] = (16, 16)) -> bytes:
    """A GIF of many frames."""
    images = [Image.new("RGB", size, (number * 40 % 256, 0, 99)) for number in range(frames)]
    return packed(images[0], "GIF", save_all=True, append_images=images[1:], duration=20)


def long_animation(frames: int) -> bytes:
    """A GIF of very many frames, made by hand: one frame's blocks again and again."""
    single = animation(2)
    first = single.index(b"\x21\xf9")
    second = single.index(b"\x21\xf9", first + 1)
    return single[:second] + single[second:-1] * frames + b";"


def png_claiming(width: int, height: int) -> bytes:
    """A PNG whose header claims a size, with a few bytes of content."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def bomb(side: int) -> bytes:
    """A true PNG of one colour: some kilobytes that unpack to side × side × 3 bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    packer = zlib.compressobj(9)
    row = bytes(1 + side * 3)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
