"""C2PA manifests signed here with throw-away certificates: valid, trusted, tampered with, damaged, elsewhere."""

from __future__ import annotations

import http.server
import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from credentials import SOURCE_TYPE, created, identity, signed
from files import PIXELS, encoded, png, xmp

from deepfake_detector import OptionError, extras, images
from deepfake_detector.provenance import Finding, examine, manifests
from deepfake_detector.provenance.statements import finding

MIMES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "AVIF": "image/avif", "TIFF": "image/tiff"}
GENERATED = [created("trainedAlgorithmicMedia", "Some Model")]


@pytest.fixture(scope="module")
def generated() -> bytes:
    """A JPEG whose manifest says that a generative model made it."""
    return signed(encoded(PIXELS, "JPEG"), "image/jpeg", GENERATED)


def c2pa(data: bytes, anchors: str | None = None) -> Finding:
    return next(one for one in examine(data, anchors).findings if one.kind == "c2pa")


@pytest.mark.parametrize("kind", [*MIMES, "GIF"])
def test_valid_in_every_container(kind: str) -> None:
    data = signed(encoded(PIXELS, kind), MIMES.get(kind, "image/gif"), GENERATED)
    found = examine(data).findings[0]
    assert (found.kind, found.origin) == ("c2pa", "ai")
    assert found.says == (
        "A C2PA manifest with a valid signature by Test Signer of Throw-away Studio, not known to be trusted; "
        "it states that the picture is made by a generative AI model."
    )
    assert "anyone can make a certificate in any name" in found.limits
    details = dict(found.details)
    assert ("not signed" in details) == (
        kind in ("AVIF", "TIFF")
    )  # there the library leaves out more than the manifest
    details.pop("not signed", None)
    assert details == {
        "state": "valid",
        "trust": "unknown: no list of authorities was given",
        "signer": "Test Signer",
        "issuer": "Throw-away Studio",
        "signed at": "no time stamp",
        "claim generator": "Test Generator 1.0",
        "title": "a picture",
        "actions": "c2pa.created (Some Model)",
        "sources": SOURCE_TYPE + "trainedAlgorithmicMedia",
        "ingredients": "0",
    }


def test_trust_is_the_users_list(generated: bytes) -> None:
    trusted = c2pa(generated, identity().authority)
    assert trusted.details["trust"] == "trusted: by an authority on the list given"
    assert "Throw-away Studio, known to be trusted;" in trusted.says
    other = c2pa(generated, stranger())
    assert (other.details["state"], other.details["trust"]) == (
        "valid",
        "not trusted: by no authority on the list given",
    )
    assert "not known to be trusted" in other.says


def stranger() -> str:
    """The certificate of an authority that had no part in this."""
    return identity.__wrapped__().authority


def test_certificates_that_are_none() -> None:
    with pytest.raises(OptionError, match="PEM"):
        examine(png(), "not a certificate")  # told although this picture has no manifest
    broken = identity().authority.replace("MII", "???")
    with pytest.raises(OptionError, match="cannot be used"):
        examine(signed(png(), "image/png", GENERATED), broken)


@pytest.mark.parametrize("anchored", [False, True])
def test_pixels_changed_after_signing_are_invalid(generated: bytes, anchored: bool) -> None:
    data = bytearray(generated)
    data[-200] ^= 0x10
    found = c2pa(bytes(data), identity().authority if anchored else None)
    assert found.origin == "unknown"  # what it states of generation is not relied on
    assert found.says == "A C2PA manifest that is invalid: the file was changed after it was signed."
    assert found.details["state"] == "invalid"
    assert "assertion.dataHash.mismatch" in found.details["failures"]


def test_a_manifest_moved_to_another_picture_is_invalid(generated: bytes) -> None:
    """The segments of the manifest, put before other pixels."""
    other = encoded(PIXELS.rotate(180), "JPEG")
    start = generated.index(b"\xff\xeb")
    size = int.from_bytes(generated[start + 2 : start + 4], "big") + 2
    moved = other[:start] + generated[start : start + size] + other[start:]
    assert c2pa(moved).details["state"] == "invalid"


def test_a_changed_statement_is_invalid(generated: bytes) -> None:
    """From generated to taken by a camera, in a text as long as the other."""
    changed = generated.replace(b"trainedAlgorithmicMedia", b"digitalCapture/////////")
    assert changed != generated
    found = c2pa(changed)
    assert (found.origin, found.details["state"]) == ("unknown", "invalid")
    assert "its signature or content does not hold" in found.says


@pytest.mark.parametrize("size", [20, 300, 2000])
@pytest.mark.parametrize("after", [30, 200, 900])
def test_a_damaged_manifest_is_told(generated: bytes, after: int, size: int) -> None:
    place = generated.index(b"jumdc2pa") + after
    found = c2pa(generated[:place] + bytes(size) + generated[place + size :])
    assert found.details["state"] in ("invalid", "unreadable")
    assert found.origin == "unknown"


@pytest.mark.parametrize(
    ("actions", "origin", "words"),
    [
        ([created("digitalCapture")], "camera", "the picture is taken with a digital camera"),
        ([created("digitalCapture"), {"action": "c2pa.color_adjustments"}], "edited", "taken with a digital camera"),
        ([created("compositeWithTrainedAlgorithmicMedia")], "ai", "with parts by a generative AI model"),
        ([created("digitalCapture"), {"action": "c2pa.published"}], "camera", "taken with a digital camera"),
        ([created("digitalCreation")], "unknown", "drawn or made by a person"),
        (
            [
                created("digitalCapture"),
                {"action": "c2pa.edited", "digitalSourceType": SOURCE_TYPE + "compositeSynthetic"},
            ],
            "edited",
            "at least one synthetic part",
        ),
    ],
)
def test_origins(actions: list[dict[str, Any]], origin: str, words: str) -> None:
    found = c2pa(signed(png(), "image/png", actions))
    assert found.origin == origin
    assert words in found.says


def test_what_the_ingredients_state_counts(generated: bytes) -> None:
    data = signed(encoded(PIXELS, "JPEG"), "image/jpeg", [created("composite")], parent=generated)
    found = c2pa(data)
    assert found.details["ingredients"] == "1"
    assert found.details["ingredients' sources"] == SOURCE_TYPE + "trainedAlgorithmicMedia"
    assert found.origin == "ai"
    assert "an ingredient of the picture is made by a generative AI model" in found.says


def test_nothing_that_a_broken_ingredient_states_is_relied_on(generated: bytes) -> None:
    at = generated.rindex(b"\xff\xda") + 60  # in the pixels
    changed = generated[:at] + bytes([generated[at] ^ 1]) + generated[at + 1 :]
    assert c2pa(changed).origin == "unknown"

    def made_of(picture: bytes) -> bytes:
        return signed(encoded(PIXELS, "JPEG"), "image/jpeg", [created("composite")], parent=picture)

    whole, tampered = c2pa(made_of(generated)), c2pa(made_of(changed))
    assert whole.origin == "ai"
    assert "ingredients that do not hold" not in whole.details
    for found in (tampered, c2pa(made_of(made_of(changed)))):  # and what stands further back
        assert found.details["state"] == "valid"
        assert found.origin != "ai"
        assert "ingredient" not in found.says
        assert found.details["ingredients that do not hold"] == "1, and nothing that they state is relied on"


def test_without_the_extra_a_manifest_is_seen_and_not_judged(generated: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = extras.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "c2pa" else find_spec(name))
    result = examine(generated)
    assert result.findings[0].says == "There is a C2PA manifest in the file; it was not verified."
    assert result.findings[0].origin == "unknown"
    assert "pip install 'deepfake-detection[provenance]'" in result.notes[0]
    assert examine(png()).notes == ()  # there was none to look at


class _Counting(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture()
def server() -> Iterator[str]:
    _Counting.asked = 0
    with http.server.HTTPServer(("127.0.0.1", 0), _Counting) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}/picture.c2pa"
        listening.shutdown()


def test_a_manifest_elsewhere_is_named_and_never_fetched(server: str) -> None:
    from c2pa import C2paError, Reader

    data = encoded(PIXELS, "JPEG", xmp=xmp(f'dcterms:provenance="{server}"'))
    result = examine(data)
    assert [one.kind for one in result.findings] == ["jpeg_tables"]
    assert result.notes == (f"The picture names a C2PA manifest elsewhere, which was not fetched: {server}.",)
    with pytest.raises(C2paError):
        manifests.read(images.header(data))
    assert _Counting.asked == 0
    with pytest.raises(C2paError):  # with the library's own settings it is: what is tested above can fail
        Reader("image/jpeg", io.BytesIO(data))
    assert _Counting.asked > 0


@pytest.mark.parametrize(
    "store",
    [
        {},
        {"manifests": [], "active_manifest": 3},
        {"manifests": {"a": 5}, "active_manifest": "a", "validation_state": "Valid"},
        {
            "manifests": {"a": {"assertions": [{"label": "c2pa.actions", "data": {"actions": [1, {"action": 2}]}}]}},
            "active_manifest": "a",
            "validation_state": "Valid",
        },
    ],
)
def test_stores_of_odd_shape_are_told_without_claims(store: dict[str, Any]) -> None:
    found = finding(store, listed=False)
    assert found.kind == "c2pa"
    assert found.origin in ("unknown", "edited")
    assert found.details["state"] == ("valid" if store.get("validation_state") else "invalid")


def test_manifests_of_the_first_version_of_the_standard() -> None:
    """Names as plain text, and a time stamp by an authority that was not checked."""
    old = {
        "claim_generator": "Adobe_Firefly adobe_c2pa/0.7.6",
        "signature_info": {"issuer": "Adobe Inc.", "time": "2023-11-13T10:00:00+00:00"},
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "softwareAgent": "Adobe Firefly",
                            "digitalSourceType": SOURCE_TYPE + "trainedAlgorithmicMedia",
                        }
                    ]
                },
            }
        ],
    }
    found = finding({"manifests": {"a": old}, "active_manifest": "a", "validation_state": "Valid"}, listed=True)
    assert found.details["claim generator"] == "Adobe_Firefly adobe_c2pa/0.7.6"
    assert found.details["actions"] == "c2pa.created (Adobe Firefly)"
    assert found.details["signed at"] == "2023-11-13T10:00:00+00:00, by an authority that was not checked"
    assert "by Adobe Inc., not known" in found.says
