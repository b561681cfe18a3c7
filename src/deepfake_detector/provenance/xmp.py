"""XMP, read as a flat list of properties. What an attacker may write is bounded: no document type, hence no entities
to expand, a limit on size, on depth and on the number of properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from xml.parsers import expat

LONGEST = 4_000_000
"""Bytes of a packet; a longer one is not read."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # in it a NUL at the end is half a character, not padding
_DEEPEST = 64
_MOST = 5_000

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "http://ns.adobe.com/xap/1.0/": "xmp",
        "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
        "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
        "http://ns.adobe.com/photoshop/1.0/": "photoshop",
        "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
        "http://ns.adobe.com/exif/1.0/": "exif",
        "http://ns.adobe.com/tiff/1.0/": "tiff",
        "http://purl.org/dc/elements/1.1/": "dc",
        "http://purl.org/dc/terms/": "dcterms",
        "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
        "http://www.tc260.org.cn/ns/AIGC/1.0/": "TC260",
    }
)
"""By namespace, the prefix used here, whatever the packet calls it."""


class XmpRefused(ValueError):
    """The packet is damaged, or more than is read; the message says which."""


def properties(packet: bytes) -> tuple[tuple[str, str], ...]:
    """(name, value) of every property of an XMP packet, in order; lists and structures give one entry for each value.

    Names are prefix:local for the namespaces known here, else local. Raises XmpRefused.
    """
    if len(packet) > LONGEST:
        raise XmpRefused(f"{len(packet):,} bytes, and at most {LONGEST:,} are read")
    reader = _Reader()
    try:
        reader.parser.Parse(packet if packet[:2] in _UTF_16 else packet.strip(b"\0 \t\r\n"), True)
    except expat.ExpatError as error:
        raise XmpRefused(f"not well formed, {error}") from None
    except XmpRefused:
        raise
    except (LookupError, ValueError) as error:
        raise XmpRefused(f"in an encoding that is not read, {error}") from None
    return tuple(reader.found)


_OF_OTHERS = frozenset({"xmpMM:Pantry", "xmpMM:Ingredients", "xmpMM:DerivedFrom"})
"""Below these stand the properties of the pictures that this one was made of."""


class _Reader:
    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self._names: list[str] = []  # of the elements that are open; "" for those of RDF and of the wrapping
        self._text: list[str] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _doctype(self, *_: Any) -> None:
        raise XmpRefused("it declares a document type, which XMP has no use for and attacks do")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._names) >= _DEEPEST:
            raise XmpRefused(f"nested deeper than {_DEEPEST}")
        self._names.append(_short(name))
        self._text.clear()
        for attribute, value in attributes.items():
            self._add(self._nearest() if attribute == f"{_RDF} resource" else _short(attribute), value)

    def _end(self, _: str) -> None:
        self._add(self._nearest(), "".join(self._text))
        self._names.pop()
        self._text.clear()

    def _characters(self, text: str) -> None:
        self._text.append(text)

    def _nearest(self) -> str:
        """The property that an element's text belongs to: its own name, or past rdf:li and rdf:Seq, that around it."""
        return next((name for name in reversed(self._names) if name), "")

    def _add(self, name: str, value: str) -> None:
        value = value.strip()
        if not name or not value or not _OF_OTHERS.isdisjoint(self._names):
            return
        if len(self.found) >= _MOST:
            raise XmpRefused(f"more than {_MOST:,} properties")
        self.found.append((name, value))


def _short(name: str) -> str:
    """ "prefix:local", "local" of an unknown namespace, "" for RDF's and XML's own names and for none at all."""
    namespace, _, local = name.rpartition(" ")
    if namespace in ("", _RDF, "adobe:ns:meta/", "http://www.w3.org/XML/1998/namespace"):
        return ""
    prefix = _PREFIXES.get(namespace)
    return f"{prefix}:{local}" if prefix else local
