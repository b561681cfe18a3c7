"""What a hostile client sends: the right problem, nothing kept, and the service goes on."""

from __future__ import annotations

import asyncio
import logging
import struct
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image, PngImagePlugin
from web_fakes import encoded, flat

from deepfake_detector import DeepfakeDetector
from deepfake_detector.types import Pixels
from deepfake_detector.web import Limits, create_app, schemas

MIB = 2**20
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def judge(toy: str) -> DeepfakeDetector:
    return DeepfakeDetector(toy, max_pixels=1_000_000)


@pytest.fixture()
def client(judge: DeepfakeDetector) -> Iterator[TestClient]:
    """A service that must still work after the test, with an empty queue."""
    app = create_app(judge, Limits(body=4 * MIB, files=4))
    with TestClient(app, raise_server_exceptions=True) as client:
        yield client
        assert app.state.service.queue.used == 0
        assert client.post("/v1/predict", content=flat(255)).json()["verdict"] == "fake"


def code(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    found = schemas.Problem.model_validate(answer.json())
    assert found.status == answer.status_code
    return found.status, found.code


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    """A PNG that says it is of this size, whatever it holds."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


ROW = b"\0" * 4001
BOMB = png(4000, 4000, ROW * 4000)  # 16 million pixels in 16 KB
JPEG = encoded(np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8), "JPEG")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(BOMB, (413, "ImageTooLarge"), id="bomb"),
        pytest.param(png(60_000, 60_000), (413, "ImageTooLarge"), id="a size that is only claimed"),
        pytest.param(png(900, 900, b"\0" * 500), (422, "ImageUnreadable"), id="fewer rows than claimed"),
        pytest.param(JPEG[: len(JPEG) // 2], (422, "ImageUnreadable"), id="truncated"),
        pytest.param(JPEG[:20], (422, "ImageUnreadable"), id="a header alone"),
        pytest.param(b"", (400, "NoPicture"), id="nothing"),
        pytest.param(SCRIPT.encode(), (415, "UnsupportedMediaType"), id="html"),
        pytest.param(f"<svg>{SCRIPT}</svg>".encode(), (415, "UnsupportedMediaType"), id="svg"),
        pytest.param(b"PK\x03\x04" + b"\0" * 100, (415, "UnsupportedMediaType"), id="zip"),
        pytest.param(b"%PDF-1.7\n", (415, "UnsupportedMediaType"), id="pdf"),
        pytest.param(b"\0\0\0\x18ftypisom" + b"\0" * 100, (415, "UnsupportedMediaType"), id="video"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n", (415, "UnsupportedMediaType"), id="a program that draws"),
        pytest.param(b'{"url": "http://127.0.0.1:9/a.jpg"}', (415, "UnsupportedMediaType"), id="url"),
        pytest.param(b"file:///etc/passwd", (415, "UnsupportedMediaType"), id="path"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/predict", "/v1/explain", "/v1/report"])
def test_bad_pictures(client: TestClient, path: str, data: bytes, expected: tuple[int, str]) -> None:
    assert code(client.post(path, content=data)) == expected
    if data:
        assert code(client.post(path, files={"f": ("x.jpg", data)})) == expected


def test_a_hundred_megabytes_are_refused_unread(judge: DeepfakeDetector) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += MIB
            yield b"\xff" * MIB

    async def send(headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(create_app(judge, Limits(body=4 * MIB)))
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            return await client.post("/v1/predict", content=body(), headers=headers)

    form = {"content-type": "multipart/form-data; boundary=x"}
    told = asyncio.run(send({"content-length": str(100 * MIB)}))
    assert (code(told), read) == ((413, "BodyTooLarge"), 0)
    chunked = asyncio.run(send({}))
    assert code(chunked) == (413, "BodyTooLarge")
    assert read == 5 * MIB  # the first beyond the limit, and no further
    read = 0
    assert code(asyncio.run(send({**form, "content-length": str(100 * MIB)}))) == (413, "BodyTooLarge")
    assert read == 0


def test_a_form_is_measured_as_it_comes(client: TestClient) -> None:
    answer = client.post("/v1/predict", files={"f": ("a.png", b"\x89PNG" + b"\0" * 4 * MIB)})
    assert code(answer) == (413, "BodyTooLarge")


def test_too_many_files(client: TestClient) -> None:
    files = [("f", (f"{i}.png", flat(0))) for i in range(5)]
    assert code(client.post("/v1/predict", files=files)) == (413, "TooManyFiles")
    assert len(client.post("/v1/predict", files=files[:4]).json()["results"]) == 4


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("C:\\fakepath\\photo.jpg", "photo.jpg"),
        ("/", None),
        ("", None),
        (SCRIPT, "script>"),  # what stands after the last slash
        ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
        ("a\r\nSet-Cookie: a=b", "aSet-Cookie: a=b"),
        ("photo\u202egpj.exe", "photogpj.exe"),  # right to left override
        ("\x1b[31mred\0.png", "[31mred.png"),
        ("smile \N{GRINNING FACE} ü.jpg", "smile \N{GRINNING FACE} ü.jpg"),
        ("x" * 2000, "x" * 255),
    ],
)
def test_file_names_are_only_ever_given_back(client: TestClient, sent: str, shown: str | None) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="' + sent.encode() + b'"\r\n\r\n'
    body = head + flat(255) + b"\r\n--b--\r\n"
    answer = client.post("/v1/predict", content=body, headers={"content-type": "multipart/form-data; boundary=b"})
    if "\n" in sent:  # a header that is broken in two is no header
        assert answer.status_code in (200, 400)
        assert "set-cookie" not in answer.headers
        return
    assert answer.json()["name"] == shown
    assert answer.headers["content-type"] == "application/json"
    assert not [value for value in answer.headers.values() if shown and shown in value]


@pytest.mark.parametrize("name", [b"\xff\xfe.jpg", b"a" * 3000])
def test_names_that_are_no_text(client: TestClient, name: bytes) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="f"; filename="' + name + b'"\r\n\r\n' + flat(0)
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = client.post("/v1/predict", content=body + b"\r\n--b--\r\n", headers=headers)
    assert len(answer.json()["name"]) in (6, 255)


def test_html_in_metadata_goes_nowhere(client: TestClient, astronaut: Pixels) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", SCRIPT)
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = SCRIPT
    for data in (encoded(astronaut, pnginfo=notes), encoded(astronaut, "JPEG", exif=exif)):
        assert SCRIPT.encode() in data
        for path in ("/v1/predict", "/v1/explain", "/v1/report"):
            answer = client.post(path, content=data)
            assert answer.status_code == 200
            assert SCRIPT not in answer.text
        told = client.post("/v1/provenance", content=data)  # raw values belong here: as JSON, never as a page
        assert (told.status_code, told.headers["content-type"]) == (200, "application/json")


def test_html_in_a_file_name_stays_text_in_a_report(client: TestClient, astronaut: Pixels) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    page = client.post("/v1/report", files={"f": (name, encoded(astronaut))})
    assert "<img src=x" not in page.text
    assert "&lt;img src=x onerror=alert(1)&gt;.png" in page.text


HEAD = b'Content-Disposition: form-data; name="f"; filename="a"\r\n'


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("multipart/form-data", b"--b\r\n", (400, "BadRequest")),  # no boundary
        ("multipart/form-data; boundary=b", b"", (400, "BadRequest")),
        ("multipart/form-data; boundary=b", b"--b--\r\n", (400, "NoPicture")),
        ("multipart/form-data; boundary=b", b"nothing of the kind", (400, "BadRequest")),
        ("multipart/form-data; boundary=b", b"--b\r\n" + HEAD + b"\r\ncut short", (400, "BadRequest")),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nno header\r\n--b--\r\n", (400, "BadRequest")),
        ("multipart/form-data; boundary=b", b"--b\r\nX: " + b"y" * 20_000, (400, "BadRequest")),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"X: y\r\n" * 5000, (400, "BadRequest")),
        ("multipart/form-data; boundary=" + "b" * 5000, b"--b--", (400, "BadRequest")),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="url"\r\n\r\nhttp://127.0.0.1:9/\r\n--b--\r\n',
            (400, "BadRequest"),
        ),
        ("multipart/form-data; boundary=b", (b"--b\r\n" + HEAD + b"\r\nx\r\n") * 5000, (413, "TooManyFiles")),
        ("multipart/mixed; boundary=b", b"--b--\r\n", (415, "UnsupportedMediaType")),
    ],
)
def test_malformed_forms(client: TestClient, kind: str, body: bytes, expected: tuple[int, str]) -> None:
    assert code(client.post("/v1/predict", content=body, headers={"content-type": kind})) == expected


def test_a_body_that_would_unfold_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/predict", content=zlib.compress(b"\0" * MIB), headers={"content-encoding": "gzip"})
    assert code(answer) == (415, "UnsupportedMediaType")


def test_a_picture_that_breaks_a_codec_costs_nobody_else_theirs(client: TestClient) -> None:
    files = [("f", ("a", flat(255))), ("f", ("b", BOMB)), ("f", ("c", JPEG[:300])), ("f", ("d", flat(0)))]
    results = client.post("/v1/predict", files=files).json()["results"]
    assert [one.get("code", one.get("verdict")) for one in results] == [
        "fake",
        "ImageTooLarge",
        "ImageUnreadable",
        "real",
    ]


watched: list[tuple[str, Any]] = []
watching = False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Audit hooks cannot be taken out again; this one sleeps between the tests that need it."""
    if not watching:
        return
    if event == "open" and ((arguments[1] and set("wax+") & set(str(arguments[1]))) or (arguments[2] or 0) & 3):
        watched.append((event, arguments[0]))
    elif event in ("socket.connect", "socket.getaddrinfo", "tempfile.mkstemp", "tempfile.mkdtemp", "os.mkdir"):
        watched.append((event, arguments))


sys.addaudithook(_watch)


def test_nothing_is_written_or_fetched_or_logged(
    judge: DeepfakeDetector, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    global watching
    noise = np.random.default_rng(0).integers(0, 256, (900, 1000, 3), np.uint8)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "secret-comment http://127.0.0.1:9/secret")
    big = encoded(noise, pnginfo=notes)
    assert len(big) > 2 * MIB  # the framework's own parser would put this into a temporary file
    with TestClient(create_app(judge, Limits(files=2))) as client, caplog.at_level(logging.DEBUG):
        for path in ("predict", "explain", "provenance", "report"):  # imports write byte code, once
            client.post(f"/v1/{path}", content=flat(0))
        caplog.clear()
        watching = True
        try:
            answers = [
                client.post("/v1/predict", content=big),
                client.post("/v1/predict", files=[("f", ("secret-a.png", big)), ("f", ("secret-b.png", big[:-9]))]),
                client.post("/v1/explain", files={"f": ("secret-c.png", big)}),
                client.post("/v1/provenance", files={"f": ("secret-e.png", big)}),
                client.post("/v1/report", files={"f": ("secret-f.png", big)}),
                client.post("/v1/predict", files={"secret-field": ("secret-d.png", b"secret-bytes")}),
                client.post("/v1/predict", content=b"http://127.0.0.1:9/secret.jpg"),
                client.get("/secret-path?secret=1"),
                client.post(
                    "/v1/predict",
                    content=b"secret-bytes, no form",
                    headers={"content-type": "multipart/form-data; boundary=secret"},
                ),
            ]
        finally:
            watching = False
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 200, 415, 415, 404, 400]
    assert watched == []
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert any("/v1/predict" in line for line in ours)
    assert not [line for line in ours if "secret" in line]
    assert "secret" not in "".join(capfd.readouterr())


def test_the_watch_sees_what_it_should() -> None:
    global watching
    import tempfile

    watching = True
    try:
        with tempfile.SpooledTemporaryFile(max_size=1) as file:
            file.write(b"more than that")
    finally:
        watching = False
    assert watched
    watched.clear()
