"""Picture files, made as programs make them."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

PIXELS = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 48, 3), np.uint8))
WEB_UI = (
    "portrait of a woman, soft light\nNegative prompt: blurry, extra fingers\n"
    "Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 123456789, Size: 512x768, Model hash: 6ce0161689, "
    "Model: v1-5-pruned, Version: v1.9.4"
)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG header that promises width x height pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    data = zlib.compress(b"\0" * 100)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk
        + struct.pack(">I", len(data))
        + b"IDAT"
        + data
        + struct.pack(">I", zlib.crc32(b"IDAT" + data))
    )


RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
NAMESPACES = (
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" '
    'xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" '
    'xmlns:dcterms="http://purl.org/dc/terms/"'
)


def png(*texts: tuple[str, str], **options: Any) -> bytes:
    info = PngImagePlugin.PngInfo()
    for keyword, text in texts:
        info.add_text(keyword, text)
    return encoded(PIXELS, "PNG", pnginfo=info, **options)


def xmp(attributes: str = "", elements: str = "") -> bytes:
    inside = f'<rdf:Description rdf:about="" {NAMESPACES} {attributes}>{elements}</rdf:Description>'
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}>{inside}</rdf:RDF></x:xmpmeta>'.encode()


def exif(main: dict[int, Any], shot: dict[int, Any] | None = None) -> Image.Exif:
    block = Image.Exif()
    block.update(main)
    if shot:
        block.get_ifd(0x8769).update(shot)
    return block


def listed(name: str, text: str) -> bytes:
    """XMP with a text in the language alternatives that the standard has for it."""
    return xmp(elements=f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt></{name}>')


def jpeg(**options: Any) -> bytes:
    return encoded(PIXELS, "JPEG", **options)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def late(*chunks: bytes) -> bytes:
    """A PNG with chunks between its pixels and its end."""
    data = png()
    return data[:-12] + b"".join(chunks) + data[-12:]


def tiled_tiff(side: int, tile: int, content: bytes) -> bytes:
    """A grey TIFF of ``side`` x ``side`` pixels in one deflated tile of ``tile`` x ``tile``."""
    packed = zlib.compress(content)
    tags = {256: side, 257: side, 258: 8, 259: 8, 262: 1, 277: 1, 322: tile, 323: tile, 324: 8, 325: len(packed)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    ifd = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(packed)) + packed + ifd
