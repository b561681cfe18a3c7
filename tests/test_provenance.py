"""Files as the tools write them, made here; each says what it should and no more."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from files import PIXELS, WEB_UI, bomb, chunk, encoded, exif, jpeg, late, listed, png, xmp
from PIL import PngImagePlugin

from deepfake_detector import ImageNotFound, ImageTooLarge, ImageUnreadable, images
from deepfake_detector.provenance import Finding, Provenance, examine
from deepfake_detector.provenance.base import shown
from deepfake_detector.provenance.sources import TYPES, meaning
from deepfake_detector.provenance.tables import scaled
from deepfake_detector.provenance.xmp import XmpRefused, properties


def only(data: bytes, kind: str) -> Finding:
    """The one finding of a kind; a JPEG's tables aside, there is no other."""
    findings = [finding for finding in examine(data).findings if finding.kind != "jpeg_tables"]
    assert [finding.kind for finding in findings] == [kind]
    return findings[0]


GRAPH = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 42, "steps": 20, "model": ["4", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd_xl_base_1.0.safetensors"}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a cat in a hat"}},
}
WORKFLOW = {"last_node_id": 9, "nodes": [{"id": 3, "type": "KSampler"}], "links": []}
INVOKE = {
    "app_version": "4.2.9",
    "generation_mode": "sdxl_txt2img",
    "positive_prompt": "a lighthouse",
    "negative_prompt": "",
    "seed": 7,
    "steps": 30,
    "model": {"name": "Juggernaut XL"},
}
OLD_INVOKE = {
    "app_id": "invoke-ai/InvokeAI",
    "model_weights": "stable-diffusion-1.5",
    "image": {"seed": 5, "steps": 50},
}
NOVEL = {"prompt": "1girl", "steps": 28, "sampler": "k_euler", "seed": 99, "uc": "lowres", "scale": 5.0}
JOB = "a red fox --ar 3:2 --v 6 Job ID: a7421d2f-b262-44f9-977c-ac23e9c7d3e3"
SWARM = {"sui_image_params": {"prompt": "a boat", "model": "flux1-dev", "seed": 3, "steps": 20}}
FOOOCUS = {
    "base_model": "juggernautXL_v8",
    "full_prompt": ["a tree"],
    "prompt": "a tree",
    "seed": "8",
    "version": "Fooocus v2.5.5",
}
DRAW = {"c": "a house", "uc": "", "sampler": "Euler a", "steps": 20, "seed": 11, "model": "sdxl.ckpt"}
AIGC = {"Label": "1", "ContentProducer": "001191110102MACQD9K64010000", "ProduceID": "x1"}


WEB = "Stable Diffusion web UI"
EXIF = exif({0x011A: 72.0}, {0x9286: b"UNICODE\0" + WEB_UI.encode("utf-16-be")})
LITTLE = exif({0x011A: 72.0}, {0x9286: b"UNICODE\0" + WEB_UI.encode("utf-16-le")})
IN_EXIF = exif({0x010F: "workflow:" + json.dumps(WORKFLOW), 0x0110: "prompt:" + json.dumps(GRAPH)})
GRAPHED = {"prompt": "a cat in a hat", "model": "sd_xl_base_1.0.safetensors", "seed": "42", "steps": "20", "nodes": "3"}
NOVEL_PNG = (
    ("Title", "AI generated image"),
    ("Software", "NovelAI"),
    ("Source", "Stable Diffusion 1D44365E"),
    ("Description", "1girl"),
    ("Comment", json.dumps(NOVEL)),
)
NOVEL_TOLD = {"prompt": "1girl", "model": "Stable Diffusion 1D44365E", "seed": "99", "negative prompt": "lowres"}
EASY = (("prompt", "a lamp"), ("use_stable_diffusion_model", "sd-v1-4"), ("seed", "12"))


@pytest.mark.parametrize(
    ("data", "generator", "details"),
    [
        (png(("parameters", WEB_UI)), WEB, {"Seed": "123456789", "negative prompt": "blurry, extra fingers"}),
        (jpeg(exif=EXIF), WEB, {"Model": "v1-5-pruned", "prompt": "portrait of a woman, soft light"}),
        (jpeg(exif=LITTLE), WEB, {"Model": "v1-5-pruned"}),
        (encoded(PIXELS, "WEBP", exif=EXIF), WEB, {"Steps": "28"}),
        (encoded(PIXELS, "AVIF", exif=EXIF), WEB, {"Size": "512x768"}),
        (jpeg(comment=WEB_UI), WEB, {"Sampler": "DPM++ 2M Karras"}),
        (png(("prompt", json.dumps(GRAPH)), ("workflow", json.dumps(WORKFLOW))), "ComfyUI", GRAPHED),
        (png(("workflow", json.dumps(WORKFLOW))), "ComfyUI", {"nodes": "1"}),
        (encoded(PIXELS, "WEBP", exif=IN_EXIF), "ComfyUI", GRAPHED),
        (
            png(("invokeai_metadata", json.dumps(INVOKE))),
            "InvokeAI",
            {"prompt": "a lighthouse", "model": "Juggernaut XL"},
        ),
        (png(("sd-metadata", json.dumps(OLD_INVOKE))), "InvokeAI", {"model": "stable-diffusion-1.5", "seed": "5"}),
        (png(("Dream", '"a castle" -s 50 -S 1234 -W 512 -H 512 -C 7.5 -A k_lms')), "InvokeAI", {}),
        (png(*NOVEL_PNG), "NovelAI", NOVEL_TOLD),
        (png(("Description", JOB), ("Author", "someone")), "Midjourney", {"prompt": "a red fox --ar 3:2 --v 6"}),
        (jpeg(xmp=listed("dc:description", JOB)), "Midjourney", {"job": "a7421d2f-b262-44f9-977c-ac23e9c7d3e3"}),
        (png(("parameters", json.dumps(SWARM))), "SwarmUI", {"prompt": "a boat", "model": "flux1-dev"}),
        (
            png(("parameters", json.dumps(FOOOCUS)), ("fooocus_scheme", "fooocus")),
            "Fooocus",
            {"model": "juggernautXL_v8"},
        ),
        (png(("parameters", WEB_UI), ("fooocus_scheme", "a1111")), "Fooocus", {"scheme": "a1111", "Steps": "28"}),
        (jpeg(xmp=listed("exif:UserComment", json.dumps(DRAW))), "Draw Things", {"prompt": "a house", "seed": "11"}),
        (png(*EASY), "Easy Diffusion", {"model": "sd-v1-4", "prompt": "a lamp"}),
        (png(("AIGC", json.dumps(AIGC))), "China's label", {"Label": "1", "ProduceID": "x1"}),
        (jpeg(xmp=xmp(elements=f"<TC260:AIGC>{json.dumps(AIGC)}</TC260:AIGC>")), "China's label", {"Label": "1"}),
        (jpeg(xmp=xmp('xmp:CreatorTool="Adobe Firefly"')), "Adobe Firefly", {"XMP xmp:CreatorTool": "Adobe Firefly"}),
        (jpeg(xmp=xmp('photoshop:Credit="Made with Google AI"')), "Google's generative AI", {}),
        (jpeg(exif=exif({0x0131: "DALL·E 3".encode()})), "DALL·E", {"EXIF Software": "DALL·E 3"}),
        (jpeg(exif=exif({0x0131: "OpenAI gpt-image-1"})), "DALL·E", {}),
    ],
)
def test_generators(data: bytes, generator: str, details: dict[str, str]) -> None:
    finding = only(data, "generator")
    assert finding.origin == "ai"
    assert generator in finding.details["generator"]
    assert generator in finding.says
    assert details.items() <= finding.details.items()


@pytest.mark.parametrize(
    "texts",
    [
        [("prompt", "what shall we do?")],  # a text of that name is not a graph
        [("prompt", "{" * 100_000)],
        [("prompt", json.dumps({"3": {"inputs": {}}, "4": 5}))],
        [("workflow", json.dumps({"nodes": {"type": "KSampler"}}))],
        [("parameters", "Steps: follow the path, then turn left")],
        [("Comment", json.dumps({"steps": 3}))],
        [("Description", "Job ID: 17")],
        [("Description", "Wedding, Lisbon. Print Job ID: 3f2504e0-4f89-11d3-9a0c-0305e82c3301")],
        [("workflow", json.dumps({"name": "mail", "nodes": [{"type": "webhook"}]}))],
        [("AIGC", json.dumps({**AIGC, "Label": "3"}))],  # a platform's suspicion
        [("Dream", "a dream I had")],
        [("AIGC", "{}")],
        [("invokeai_metadata", "[]"), ("sd-metadata", "null")],
        [("Title", "The Midjourney office, and the DALL-E exhibition")],  # content, not the maker
    ],
)
def test_what_only_resembles_a_generator_is_none(texts: list[tuple[str, str]]) -> None:
    assert examine(png(*texts)).findings == ()


SHOT = {0x829A: 0.008, 0x829D: 2.8, 0x8827: 200, 0x9003: "2024:05:01 12:00:00", 0x920A: 50.0, 0xA434: "EF 50mm f/1.8"}


CANON = {0x010F: "Canon", 0x0110: "Canon EOS R5"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_camera_in_every_container(kind: str) -> None:
    options: dict[str, Any] = {"exif": exif(CANON, SHOT)} if kind != "TIFF" else {"tiffinfo": {**CANON, 0x8769: SHOT}}
    finding = only(encoded(PIXELS, kind, **options), "camera")
    assert finding.origin == "camera"
    assert finding.says == "EXIF names the camera Canon EOS R5, with the settings of an exposure."
    assert finding.details["DateTimeOriginal"] == "2024:05:01 12:00:00"
    assert finding.details["ExposureTime"] == "0.008"
    assert "anyone can write" in finding.limits


def test_camera_by_make_alone_or_by_exposure_alone() -> None:
    assert "Nikon, but no" in only(jpeg(exif=exif({0x010F: "Nikon"})), "camera").says
    assert "settings of an exposure" in only(jpeg(exif=exif({}, SHOT)), "camera").says


HISTORY = (
    '<xmpMM:History><rdf:Seq><rdf:li stEvt:action="created" stEvt:softwareAgent="Gimp 2.10 (Linux)"/>'
    '<rdf:li stEvt:action="saved" stEvt:softwareAgent="Gimp 2.10 (Linux)"/></rdf:Seq></xmpMM:History>'
)


@pytest.mark.parametrize(
    ("data", "place", "name"),
    [
        (jpeg(exif=exif({0x0131: "Adobe Photoshop 25.0"})), "EXIF Software", "Adobe Photoshop 25.0"),
        (encoded(PIXELS, "TIFF", tiffinfo={0x0131: "GIMP 2.10.34"}), "EXIF Software", "GIMP 2.10.34"),
        (jpeg(xmp=xmp('xmp:CreatorTool="Adobe Lightroom 7.1"')), "XMP xmp:CreatorTool", "Adobe Lightroom 7.1"),
        (encoded(PIXELS, "WEBP", xmp=xmp(elements=HISTORY)), "XMP stEvt:softwareAgent", "Gimp 2.10 (Linux)"),
        (png(("Comment", "Created with GIMP")), "Comment", "Created with GIMP"),
        (encoded(PIXELS, "GIF", comment="Created with GIMP"), "Comment", "Created with GIMP"),
        (png(("Software", "Paint.NET 5.0")), "Software", "Paint.NET 5.0"),
    ],
)
def test_software_that_edits(data: bytes, place: str, name: str) -> None:
    finding = only(data, "software")
    assert finding.origin == "edited"
    assert name in finding.says
    assert name in finding.details[place]


def test_history_is_kept() -> None:
    assert only(jpeg(xmp=xmp(elements=HISTORY)), "software").details["XMP history"] == "created, saved"


def test_unknown_software_is_named_and_not_judged() -> None:
    finding = only(jpeg(exif=exif({0x0131: "HDR+ 1.0.5"})), "software")
    assert (finding.origin, finding.says) == ("unknown", "The file names the software that wrote it: HDR+ 1.0.5.")


def test_a_photograph_that_was_edited_has_both_findings_and_a_generated_edit_three() -> None:
    block = exif({0x010F: "Sony", 0x0110: "ILCE-7M4", 0x0131: "Adobe Photoshop 26"}, SHOT)
    history = '<xmpMM:History><rdf:Seq><rdf:li stEvt:softwareAgent="Adobe Firefly"/></rdf:Seq></xmpMM:History>'
    result = examine(jpeg(exif=block, xmp=xmp(elements=history)))
    assert [finding.kind for finding in result.findings] == ["generator", "camera", "software", "jpeg_tables"]


CV = "http://cv.iptc.org/newscodes/digitalsourcetype/"


@pytest.mark.parametrize("form", ["attribute", "element", "resource"])
@pytest.mark.parametrize("name", TYPES)
def test_digital_source_types(name: str, form: str) -> None:
    packet = {
        "attribute": xmp(f'Iptc4xmpExt:DigitalSourceType="{CV}{name}"'),
        "element": xmp(elements=f"<Iptc4xmpExt:DigitalSourceType>{CV}{name}</Iptc4xmpExt:DigitalSourceType>"),
        "resource": xmp(elements=f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{CV}{name}"/>'),
    }[form]
    finding = only(encoded(PIXELS, "PNG", pnginfo=_with_xmp(packet)), "digital_source_type")
    assert finding.origin == TYPES[name][0]
    assert TYPES[name][1] in finding.says
    assert finding.details["DigitalSourceType"] == CV + name


def _with_xmp(packet: bytes) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet.decode())
    return info


def test_meaning_takes_codes_and_names_and_does_not_guess() -> None:
    assert meaning("digsrctype:trainedAlgorithmicMedia")[0] == "ai"
    assert meaning("trainedAlgorithmicMedia")[0] == "ai"
    assert meaning("https://example.org/somethingElse") == (
        "unknown",
        "of a type that is not known here, 'somethingElse'",
    )


@pytest.mark.parametrize("quality", [1, 25, 50, 75, 92, 100])
def test_the_ijg_library_is_recognised_with_its_quality(quality: int) -> None:
    (finding,) = examine(jpeg(quality=quality, subsampling=2)).findings
    assert finding.kind == "jpeg_tables"
    assert finding.says == f"The JPEG's quantisation tables are the IJG library's at quality {quality}."
    assert finding.details == {"tables": "2", "chroma sampling": "4:2:0", "quality": str(quality)}


def test_quality_50_is_the_example_table_of_the_standard() -> None:
    assert scaled((16, 11, 99), 50) == (16, 11, 99)
    assert scaled((16, 11, 99), 75) == (8, 6, 50)  # halved and rounded: 8, 5.5 -> 6, 49.5 -> 50
    assert scaled((16, 11, 99), 100) == (1, 1, 1)
    assert scaled((16, 11, 99), 1) == (255, 255, 255)


def test_grey_and_mixed_qualities() -> None:
    (grey,) = examine(encoded(PIXELS.convert("L"), "JPEG", quality=80)).findings
    assert grey.details == {"tables": "1", "quality": "80"}
    luma, chroma = (images.header(jpeg(quality=q)).tables[n] for n, q in enumerate((90, 70)))
    (mixed,) = examine(jpeg(qtables=[list(luma), list(chroma)])).findings
    assert "at quality 90 (chroma 70)." in mixed.says


def test_other_tables_are_said_to_be_others() -> None:
    (photoshop,) = examine(jpeg(quality="web_high")).findings
    assert "are not the IJG library's" in photoshop.says
    assert photoshop.details["same as"] == "Pillow's preset web_high, made after Photoshop's"
    (own,) = examine(jpeg(qtables=[[3] * 64, [5] * 64])).findings
    assert "are not the IJG library's" in own.says
    assert "same as" not in own.details


def test_a_picture_with_nothing(tmp_path: Path) -> None:
    path = tmp_path / "plain.png"
    path.write_bytes(png())
    result = examine(path)
    assert result == Provenance(str(path), hashlib.sha256(png()).hexdigest(), "PNG")
    assert result.to_dict()["caution"] == (
        "Findings are evidence beside the score and never change it. Finding nothing proves nothing."
    )


def test_all_ways_in(tmp_path: Path) -> None:
    data = png(("parameters", WEB_UI))
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with open(path, "rb") as file:
        for source in (path, str(path), data, bytearray(data), io.BytesIO(data), file):
            assert examine(source).findings == examine(data).findings


def test_pixels_without_a_file() -> None:
    for source in (np.asarray(PIXELS), PIXELS):
        result = examine(source)
        assert (result.sha256, result.format, result.findings) == (None, None, ())
        assert "pixels without their file" in result.notes[0]


def test_errors_are_those_of_reading(tmp_path: Path) -> None:
    with pytest.raises(ImageNotFound):
        examine(tmp_path / "none.png")
    for source in (b"", b"not a picture", io.StringIO("text"), 42):
        with pytest.raises(ImageUnreadable):
            examine(source)  # type: ignore[arg-type]
    with pytest.raises(ImageTooLarge, match="max_pixels"):
        examine(bomb(100_000, 100_000))


def test_no_pixel_is_decoded() -> None:
    """The pixels of this file cannot be: their data is noise. Its text can be read, and is."""
    data = bytearray(png(("parameters", WEB_UI)))
    start = data.index(b"IDAT") + 4
    data[start : start + 200] = bytes(200)
    with pytest.raises(ImageUnreadable):
        images.read(bytes(data))
    assert only(bytes(data), "generator").details["Seed"] == "123456789"


def test_text_after_the_pixels_is_found() -> None:
    assert only(late(chunk(b"tEXt", b"parameters\0" + WEB_UI.encode())), "generator").details["Steps"] == "28"
    packed = b"parameters\0\0" + zlib.compress(WEB_UI.encode())
    assert only(late(chunk(b"zTXt", packed)), "generator").details["Steps"] == "28"
    block = exif({0x010F: "Canon", 0x0110: "Canon EOS R5"}, SHOT).tobytes().removeprefix(b"Exif\0\0")
    assert only(late(chunk(b"eXIf", block)), "camera").origin == "camera"


def test_a_bomb_of_text_is_cut() -> None:
    packed = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 30_000_000, 9))  # 30 kB each
    result = examine(late(*[packed] * 20, chunk(b"tEXt", b"parameters\0" + WEB_UI.encode())))
    assert result.findings == ()  # what lies beyond the budget is not read


def test_damaged_text_is_charged_for_what_was_unfolded() -> None:
    whole = zlib.compress(b"a" * 4_000_000, 9)
    damaged = chunk(b"zTXt", b"Comment\0\0" + whole[:-40] + bytes(40))
    told = chunk(b"tEXt", b"parameters\0" + WEB_UI.encode())
    assert [finding.kind for finding in examine(late(damaged, told)).findings] == ["generator"]
    assert examine(late(*[damaged] * 30, told)).findings == ()


def test_the_pixel_limit_is_the_one_that_was_given() -> None:
    data = bomb(11_000, 11_000)
    with pytest.raises(ImageTooLarge):
        examine(data)
    assert examine(data, max_pixels=121_000_000).format == "PNG"


def test_truncated_files_keep_what_is_whole() -> None:
    data = png(("parameters", WEB_UI))
    result = examine(data[:-40])
    assert [finding.kind for finding in result.findings] == ["generator"]
    assert "the file is cut off or damaged" in result.notes[0]
    photo = jpeg(exif=exif({0x010F: "Canon"}, SHOT))
    assert [finding.kind for finding in examine(photo[: len(photo) // 2]).findings] == ["camera", "jpeg_tables"]


def test_big_tiff_is_noted() -> None:
    assert examine(encoded(PIXELS, "TIFF", big_tiff=True)).notes == ("The tags of a BigTIFF file are not read.",)


def test_damaged_exif_is_noted() -> None:
    result = examine(jpeg(exif=b"Exif\0\0XX\0\0garbage"))
    assert [finding.kind for finding in result.findings] == ["jpeg_tables"]
    assert result.notes[0].startswith("EXIF could not be read: damaged (")


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF", "not well formed"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>', "declares a document type"),
        (b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><x/>', "declares a document type"),
        (b"<a>" * 100 + b"</a>" * 100, "nested deeper than"),
        (xmp(elements="<xmp:a>b</xmp:a>" * 6000), "more than 5,000 properties"),
        (b"<x>" + b" " * 4_000_000 + b"</x>", "at most 4,000,000 are read"),
        (b"<x>&unknown;</x>", "not well formed"),
        (b'<?xml version="1.0" encoding="nonsense"?><x/>', "in an encoding that is not read"),
        (b'<?xml version="1.0" encoding="big5"?><x/>', "in an encoding that is not read"),
    ],
)
def test_xmp_that_is_not_read_is_noted(packet: bytes, why: str) -> None:
    with pytest.raises(XmpRefused, match=why):
        properties(packet)
    if len(packet) < 60_000:  # what fits into a JPEG's segment
        result = examine(jpeg(xmp=packet))
        assert why in result.notes[0]
        assert result.notes[0].startswith("XMP was not read: ")


def test_xmp_names_do_not_depend_on_prefixes() -> None:
    inside = '<r:Description xmlns:q="http://ns.adobe.com/xap/1.0/" q:CreatorTool="A"/>'
    packet = f'<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{inside}</r:RDF>'
    assert properties(packet.encode()) == (("xmp:CreatorTool", "A"),)
    assert properties(b"\xef\xbb\xbf" + packet.encode() + b"\n\0\0") == (("xmp:CreatorTool", "A"),)
    assert properties(packet.encode("utf-16")) == (("xmp:CreatorTool", "A"),)


def test_xmp_of_the_pictures_one_was_made_of_is_not_its_own() -> None:
    start = '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:m="http://ns.adobe.com/xap/1.0/mm/">'
    other = (
        '<r:li r:parseType="Resource"><q:CreatorTool xmlns:q="http://ns.adobe.com/xap/1.0/">A</q:CreatorTool></r:li>'
    )
    for name in ("Pantry", "Ingredients", "DerivedFrom"):
        packet = f"{start}<r:Description><m:{name}><r:Bag>{other}</r:Bag></m:{name}></r:Description></r:RDF>"
        assert properties(packet.encode()) == ()
    history = f"{start}<r:Description><m:History><r:Seq>{other}</r:Seq></m:History></r:Description></r:RDF>"
    assert properties(history.encode()) == (("xmp:CreatorTool", "A"),)


def test_hostile_text_is_data() -> None:
    prompt = "<script>alert(1)</script>\x1b[2J\u202egnp.exe\n" + "A" * 3_000_000
    finding = only(
        png(
            ("parameters", prompt + WEB_UI[WEB_UI.index("\nNegative") :]),
        ),
        "generator",
    )
    text = finding.details["prompt"]
    assert text.startswith("<script>alert(1)</script>\\x1b[2J\\u202egnp.exe\\nAAAA")
    assert text.endswith("… (3,000,038 characters in all)")
    assert len(text) < 600
    json.loads(examine(png(("parameters", prompt))).to_json())


def test_shown() -> None:
    assert shown("Grüße 写真 \U0001f600") == "Grüße 写真 \U0001f600"
    assert shown("a\ud800b\x00c\x9bd") == "a\\ud800b\\x00c\\x9bd"
    assert shown(b"caf\xe9\0\0") == "caf\\xe9"
    assert shown("abcdef", 3) == "abc … (6 characters in all)"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "TIFF", "GIF"])
def test_corrupted_files_raise_nothing_untyped(kind: str) -> None:
    options: dict[str, Any] = {
        "exif": exif({0x010F: "Canon", 0x0131: "GIMP"}, SHOT),
        "xmp": xmp('xmp:CreatorTool="GIMP"'),
    }
    whole = encoded(PIXELS, kind, **options) if kind != "GIF" else encoded(PIXELS, kind, comment="x")
    rng = np.random.default_rng(1)
    for _ in range(60):
        data = bytearray(whole)
        for place in rng.integers(0, min(len(data), 700), 4):
            data[place] = rng.integers(0, 256)
        try:
            json.loads(examine(bytes(data)).to_json())
        except (ImageUnreadable, ImageTooLarge):
            continue


def test_findings_check_themselves() -> None:
    with pytest.raises(ValueError, match="kind: expected"):
        Finding("exif", "ai", "", "", "")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="origin: expected"):
        Finding("camera", "alien", "", "", "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Gemini Photography",
        "Grok Camera 2",
        "Firefly Village",
        "HDR Firefly studio",
        "XAI lens",
        "Recraft the world",
        "foto dalle vacanze",
        "Flux 1.0",
        "Gemini 2 Photo Scanner",
        "Grok 1.2 (log parser)",
        "Microsoft Designer",
    ],
)
def test_a_name_that_is_also_a_word_accuses_nobody(text: str) -> None:
    for field in ("xmp:CreatorTool", "photoshop:Credit"):
        assert [f.origin for f in examine(jpeg(xmp=xmp(f'{field}="{text}"'))).findings if f.origin == "ai"] == []


def test_a_credit_counts_where_it_speaks_of_ai() -> None:
    for credit, found in (
        ("Gemini", []),
        ("Grok", []),
        ("Made with Google AI", ["ai"]),
        ("Handout/OpenAI, AI Summit", []),
        ("Photo: Midjourney Magazine (not AI)", []),
        ("NASA Gemini 4. No generated content", []),
        ("Not made with Midjourney", []),
    ):
        findings = examine(jpeg(xmp=xmp(f'photoshop:Credit="{credit}"'))).findings
        assert [finding.origin for finding in findings if finding.kind == "generator"] == found


def test_a_comment_is_read_for_what_it_says_of_the_making() -> None:
    finding = only(png(("Comment", "Gemini 4 spacewalk, 1965. Created with GIMP")), "software")
    assert finding.origin == "edited"
