"""Pictures of a request -> memory, within limits. Nothing is written to disk: the framework's own form parser would
spool whatever is larger than 1 MB to a temporary file, so the stream is read here.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from .problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_HEADERS = 8 * 1024
"""Bytes that the headers of one part of a form may have."""

_mute = logging.Logger("multipart", logging.CRITICAL + 1)  # the parser's own would log bytes of the upload


@dataclass(frozen=True, eq=False)
class Upload:
    """One picture as it came in. name: what the client calls it, without folders; it is only ever given back."""

    data: bytes
    name: str | None = None


async def receive(request: Request, most_bytes: int, most_files: int) -> list[Upload]:
    """The pictures of a request: a form's files, or the whole body as one.

    Raises Problem as soon as a limit is passed, without reading on.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem("UnsupportedMediaType", "Send the body as it is, without a Content-Encoding.")
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length) > most_bytes:
        raise _too_large(most_bytes)
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind == b"multipart/form-data":
        return await _form(request, options.get(b"boundary", b""), most_bytes, most_files)
    if kind.startswith(b"multipart/"):
        raise Problem("UnsupportedMediaType", "Of multipart bodies only multipart/form-data is read.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise _too_large(most_bytes)
    if not body:
        raise Problem("NoPicture", "Send the picture's bytes as the body, or as a file of a multipart/form-data form.")
    return [Upload(bytes(body))]


async def _form(request: Request, boundary: bytes, most_bytes: int, most_files: int) -> list[Upload]:
    form = _Form(most_files)
    try:
        if not boundary:
            raise FormParserError
        parser = MultipartParser(boundary, form.callbacks())
        parser.logger = _mute
        read = 0
        async for chunk in request.stream():
            read += len(chunk)
            if read > most_bytes:
                raise _too_large(most_bytes)
            parser.write(chunk)
    except FormParserError:
        raise _malformed() from None
    if not form.ended:
        raise _malformed()
    if not form.uploads:
        raise Problem("NoPicture", "The form has no file. Send pictures as files, under any field name.")
    return form.uploads


class _Form:
    """Takes what the parser finds."""

    def __init__(self, most_files: int) -> None:
        self.uploads: list[Upload] = []
        self.ended = False
        self._most = most_files
        self._begin()

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._field, self._value, self._size = bytearray(), bytearray(), 0
        self._disposition = b""
        self._data = bytearray()
        self._name: str | None = None

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._value += data[start:end]

    def _count(self, more: int) -> None:
        self._size += more
        if self._size > _HEADERS:
            raise FormParserError

    def _header_end(self) -> None:
        if bytes(self._field).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._field, self._value = bytearray(), bytearray()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"filename" not in options:
            raise Problem(
                "BadRequest",
                "The form has a field that is no file. Options go into the query, as in ?method=occlusion.",
            )
        if len(self.uploads) == self._most:
            raise Problem("TooManyFiles", f"At most {self._most} to a request. Send the others in further requests.")
        self._name = shown(options[b"filename"])

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def _part_end(self) -> None:
        self.uploads.append(Upload(bytes(self._data), self._name))
        self._data = bytearray()

    def _end(self) -> None:
        self.ended = True


def shown(name: bytes) -> str | None:
    """A file name as it may be given back: its last part, printable, at most 255 letters; None for nothing."""
    last = name.decode("utf-8", "replace").replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:255] or None


_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def looks_like_a_picture(data: bytes) -> bool:
    """Whether the first bytes are those of a supported format: what tells a damaged picture (422) from none (415)."""
    inner = data[8:12]
    if data[4:8] == b"ftyp":
        return inner in (b"avif", b"avis")
    return data.startswith(_SIGNATURES) or (data[:4], inner) == (b"RIFF", b"WEBP")


def _too_large(most: int) -> Problem:
    return Problem("BodyTooLarge", f"The body may have at most {most:,} bytes. Send fewer or smaller pictures.")


def _malformed() -> Problem:
    return Problem("BadRequest", "The multipart/form-data body is malformed or cut short.")
