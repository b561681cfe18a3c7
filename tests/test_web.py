"""The service's answers, held against the detector's own and against what /openapi.json promises."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import fastapi
import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image, PngImagePlugin
from web_fakes import encoded, flat

from deepfake_detector import DeepfakeDetector, OptionError
from deepfake_detector.types import Pixels
from deepfake_detector.web import Limits, create_app, schemas
from deepfake_detector.web import service as service_module
from deepfake_detector.web.openapi import EXPLANATION, PREDICTION, PROVENANCE
from deepfake_detector.web.problems import CODES

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def judge(toy: str) -> DeepfakeDetector:
    return DeepfakeDetector(toy)


@pytest.fixture(scope="module")
def client(judge: DeepfakeDetector) -> Iterator[TestClient]:
    with TestClient(create_app(judge, Limits(samples=40))) as client:
        yield client


def problem(answer: object, code: str) -> schemas.Problem:
    """The answer as a problem of this code, checked."""
    assert answer.headers["content-type"] == PROBLEM  # type: ignore[attr-defined]
    found = schemas.Problem.model_validate(answer.json())  # type: ignore[attr-defined]
    assert (found.code, found.status) == (code, answer.status_code)  # type: ignore[attr-defined]
    assert (found.status, found.title) == CODES[code]
    return found


def test_one_picture_gets_what_predict_says(client: TestClient, judge: DeepfakeDetector, astronaut: Pixels) -> None:
    data = encoded(astronaut, "JPEG")
    result = judge.predict(data)
    bounds = [round(bound, 4) for bound in judge.policy.bounds(result.reasons, result.threshold)]
    expected = {**result.to_dict(), "inconclusive": bounds}
    raw = client.post("/v1/predict", content=data)
    form = client.post("/v1/predict", files={"any": ("photo.jpg", data)})
    assert raw.status_code == form.status_code == 200
    assert raw.json() == {**expected, "source": "upload", "name": None}
    assert form.json() == {**expected, "source": "upload", "name": "photo.jpg"}
    schemas.Judged.model_validate(raw.json())


def test_the_content_type_of_a_raw_body_does_not_matter(client: TestClient) -> None:
    for kind in ("image/png", "application/octet-stream", "application/x-www-form-urlencoded", "text/plain"):
        answer = client.post("/v1/predict", content=flat(255), headers={"content-type": kind})
        assert answer.json()["verdict"] == "fake"


def test_many_pictures_keep_their_order_and_a_bad_one_its_place(client: TestClient) -> None:
    files = [("files", ("white.png", flat(255))), ("files", ("bad.jpg", b"no")), ("files", ("black.png", flat(0)))]
    answer = client.post("/v1/predict", files=files)
    assert answer.status_code == 200
    white, bad, black = schemas.Results.model_validate(answer.json()).results
    assert isinstance(white, schemas.Judged)
    assert isinstance(black, schemas.Judged)
    assert isinstance(bad, schemas.Problem)
    assert (white.name, white.verdict, black.name, black.verdict) == ("white.png", "fake", "black.png", "real")
    assert (bad.name, bad.code, bad.status) == ("bad.jpg", "UnsupportedMediaType", 415)


def test_an_explanation_has_a_layer_that_covers_the_picture(client: TestClient, coffee: Pixels) -> None:
    answer = client.post("/v1/explain", content=encoded(coffee))
    found = schemas.Explanation.model_validate(answer.json())
    assert (found.method, found.of) == ("occlusion", "verdict")  # the toy has no encoder
    png = Image.open(io.BytesIO(base64.b64decode(found.layer.png)))
    assert (png.mode, png.size) == ("RGBA", (600, 400))
    assert (found.layer.width, found.layer.height) == (600, 400)
    assert found.prediction.source == "upload"


def test_lime_is_bounded(client: TestClient, coffee: Pixels) -> None:
    data = encoded(coffee)
    found = client.post("/v1/explain?method=lime", content=data)
    assert schemas.Explanation.model_validate(found.json()).num_samples == 40  # the service's limit
    assert client.post("/v1/explain?method=lime&samples=20", content=data).json()["num_samples"] == 20
    assert "40" in problem(client.post("/v1/explain?method=lime&samples=41", content=data), "InvalidParameter").detail
    refused = problem(client.post("/v1/explain?method=occlusion&samples=20", content=data), "InvalidParameter")
    assert "lime alone" in refused.detail


@pytest.mark.parametrize(
    ("address", "taken"), [("predict?threshold=0.9", "none"), ("explain?of=scene&max_fpr=0.1", "method, of, samples")]
)
def test_a_parameter_that_an_address_does_not_take_is_refused(client: TestClient, address: str, taken: str) -> None:
    found = problem(client.post(f"/v1/{address}", content=flat(200)), "InvalidParameter")
    assert found.detail == f"unknown parameter; taken here: {taken}."
    assert problem(client.get("/v1/model?x=1"), "InvalidParameter").status == 400


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("method=saliency", "InvalidParameter"),
        ("of=everything", "InvalidParameter"),
        ("of=-1", "InvalidParameter"),
        ("samples=many", "InvalidParameter"),
        ("of=7", "ExplanationError"),
        ("method=attention", "ExplanationError"),
    ],
)
def test_what_cannot_be_explained_is_a_problem(client: TestClient, query: str, code: str) -> None:
    found = problem(client.post(f"/v1/explain?{query}", content=flat(200)), code)
    assert "everything" not in found.detail  # what was sent is not repeated


def test_provenance_is_told_beside_the_score(client: TestClient, astronaut: Pixels) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("parameters", "a portrait\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512")
    data = encoded(astronaut, pnginfo=notes)
    found = schemas.Provenance.model_validate(client.post("/v1/provenance", content=data).json())
    assert (found.source, found.format) == ("upload", "PNG")
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert [(one.kind, one.origin) for one in found.findings] == [("generator", "ai")]
    problem(client.post("/v1/provenance", content=b"no picture"), "UnsupportedMediaType")


def test_a_report_is_a_page_to_be_saved(client: TestClient, astronaut: Pixels) -> None:
    answer = client.post("/v1/report", files={"f": ("<b>bold</b> & co.png", encoded(astronaut))})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="report.html"'
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "<script" not in answer.text
    assert "b&gt; &amp; co.png" in answer.text
    assert "<b>bold" not in answer.text
    problem(client.post("/v1/report", content=encoded(astronaut)[:5000]), "ImageUnreadable")
    problem(client.post("/v1/report?method=lime", content=encoded(astronaut)), "InvalidParameter")


def test_only_one_picture_is_explained(client: TestClient) -> None:
    files = [("files", ("a.png", flat(0))), ("files", ("b.png", flat(0)))]
    problem(client.post("/v1/explain", files=files), "TooManyFiles")


def test_the_model_says_what_it_is_and_what_the_service_allows(client: TestClient, judge: DeepfakeDetector) -> None:
    found = schemas.Model.model_validate(client.get("/v1/model").json())
    assert (found.name, found.version, found.threshold) == ("toy", "1", 0.5)
    assert [member["name"] for member in found.members] == ["toy-face", "toy-scene"]
    assert found.limits.max_pixels == judge.preprocessor.max_pixels
    assert found.limits.max_samples == 40
    assert found.about == {"limits": ["It only knows brightness."]}


def test_health(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "model": "toy 1"}
    assert client.head("/healthz").status_code == client.head("/readyz").status_code == 200


def test_metrics_count_routes_statuses_and_verdicts(judge: DeepfakeDetector) -> None:
    with TestClient(create_app(judge)) as client:
        client.post("/v1/predict", content=flat(255))
        client.post("/v1/predict", files=[("f", ("a", flat(0))), ("f", ("b", flat(0))), ("f", ("c", b"no"))])
        client.post("/v1/predict", content=b"no")
        client.get("/secret-name.jpg")
        text = client.get("/metrics").text
    lines = text.splitlines()
    for line in (
        'deepfake_detector_requests_total{route="/v1/predict",status="200"} 2.0',
        'deepfake_detector_requests_total{route="/v1/predict",status="415"} 1.0',
        'deepfake_detector_requests_total{route="other",status="404"} 1.0',
        'deepfake_detector_inference_seconds_count{kind="predict"} 5.0',
        'deepfake_detector_verdicts_total{verdict="fake"} 1.0',
        'deepfake_detector_verdicts_total{verdict="real"} 2.0',
        'deepfake_detector_verdicts_total{verdict="failure"} 2.0',
        "deepfake_detector_queue_depth 0.0",
    ):
        assert line in lines
    assert "secret-name" not in text


def test_two_applications_in_one_process_count_apart(judge: DeepfakeDetector) -> None:
    first, second = TestClient(create_app(judge)), TestClient(create_app(judge))
    first.get("/healthz")
    assert 'route="/healthz"' in first.get("/metrics").text
    assert 'route="/healthz"' not in second.get("/metrics").text


def test_a_key_is_asked_for_where_there_is_one(judge: DeepfakeDetector) -> None:
    client = TestClient(create_app(judge, api_key="sésame"))
    key = "sésame".encode()
    for path in ("/v1/model", "/metrics"):
        assert problem(client.get(path), "KeyRequired").status == 401
        problem(client.get(path, headers={"X-API-Key": "sesame"}), "KeyRequired")
        assert client.get(path, headers=[(b"X-API-Key", key)]).status_code == 200
        assert client.get(path, headers=[(b"Authorization", b"Bearer " + key)]).status_code == 200
        assert client.get(path, headers=[(b"X-API-Key", "sésame".encode("latin-1"))]).status_code == 200  # by a browser
        problem(client.get(path, headers={"X-API-Key": "s?same"}), "KeyRequired")
    problem(client.post("/v1/predict", content=flat(0)), "KeyRequired")
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
    assert client.get("/openapi.json").status_code == 200
    with pytest.raises(OptionError, match="empty"):
        create_app(judge, api_key=" ")


def test_other_sites_may_call_only_where_they_are_named(judge: DeepfakeDetector) -> None:
    asking = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    silent = TestClient(create_app(judge))
    assert not [name for name in silent.get("/v1/model", headers=asking).headers if name.startswith("access-control")]
    assert silent.options("/v1/predict", headers=asking).status_code == 405
    open_ = TestClient(create_app(judge, origins=["https://example.org"]))
    allowed = open_.options("/v1/predict", headers=asking)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, "https://example.org")
    other = open_.get("/v1/model", headers={"Origin": "https://example.com"})
    assert "access-control-allow-origin" not in other.headers


def test_what_is_not_there_is_a_problem_too(client: TestClient) -> None:
    problem(client.get("/no/such/thing"), "NotFound")
    wrong = client.get("/v1/predict")
    problem(wrong, "MethodNotAllowed")
    assert wrong.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/healthz", "/v1/model", "/nothing", "/openapi.json", "/metrics"])
def test_every_answer_has_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert headers["cache-control"] == "no-store"


class Crashing(DeepfakeDetector):
    def predict_batch(self, sources: object, workers: int | None = None) -> list[object]:  # type: ignore[override]
        raise RuntimeError("a secret")


def test_a_crash_is_a_problem_without_particulars(toy: str) -> None:
    client = TestClient(create_app(Crashing(toy)))
    for _ in range(3):  # the threads live on
        answer = client.post("/v1/predict", content=flat(0))
        assert "secret" not in answer.text
        problem(answer, "InternalError")
        assert "content-security-policy" in answer.headers
    assert "queue_depth 0.0" in client.get("/metrics").text


def test_the_default_detector_loads_in_the_background(judge: DeepfakeDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    go = threading.Event()

    def slow() -> DeepfakeDetector:
        assert go.wait(30)
        return judge

    monkeypatch.setattr(service_module, "DeepfakeDetector", slow)
    app = create_app()
    with TestClient(app) as client:
        assert client.get("/healthz").status_code == 200
        waiting = client.get("/readyz")
        problem(waiting, "NotReady")
        assert int(waiting.headers["retry-after"]) > 0
        problem(client.post("/v1/predict", content=flat(0)), "NotReady")
        go.set()
        app.state.service._loading.join(30)
        assert client.get("/readyz").status_code == 200
        assert client.post("/v1/predict", content=flat(0)).status_code == 200


def test_a_model_that_does_not_load_is_never_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> DeepfakeDetector:
        raise OSError("no such file")

    monkeypatch.setattr(service_module, "DeepfakeDetector", broken)
    app = create_app()
    with TestClient(app) as client:
        app.state.service._loading.join(30)
        assert "could not be loaded" in problem(client.get("/readyz"), "NotReady").detail


def test_it_can_be_mounted_in_another_application(judge: DeepfakeDetector) -> None:
    outer = fastapi.FastAPI()
    outer.mount("/detector", create_app(judge))
    with TestClient(outer) as client:  # whose start the inner one is never told of
        assert client.post("/detector/v1/predict", content=flat(255)).json()["verdict"] == "fake"


def test_an_application_starts_again_after_it_stopped(judge: DeepfakeDetector) -> None:
    app = create_app(judge)
    for _ in range(2):
        with TestClient(app) as client:
            assert client.post("/v1/predict", content=flat(255)).status_code == 200


def test_openapi_has_every_address_with_examples_that_are_right(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    v1 = {f"/v1/{name}" for name in ("predict", "explain", "provenance", "report", "model")}
    assert set(document["paths"]) == {*v1, "/healthz", "/readyz", "/metrics"}
    schemas.Judged.model_validate(PREDICTION)
    schemas.Explanation.model_validate(EXPLANATION)
    schemas.Provenance.model_validate(PROVENANCE)
    predict = document["paths"]["/v1/predict"]["post"]
    assert predict["responses"]["200"]["content"]["application/json"]["example"] == PREDICTION
    assert set(predict["requestBody"]["content"]) == {"image/*", "application/octet-stream", "multipart/form-data"}
    for status, answer in predict["responses"].items():
        if status != "200":
            for example in answer["content"][PROBLEM]["examples"].values():
                assert schemas.Problem.model_validate(example["value"]).status == int(status)
    assert "429" in predict["responses"]
    assert set(_references(document)) <= {f"#/components/schemas/{n}" for n in document["components"]["schemas"]}
    for page in ("/docs", "/redoc"):  # they would load scripts from elsewhere
        assert client.get(page).status_code == 404


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


@pytest.mark.parametrize(
    "wrong", [{"body": 0}, {"timeout": 0}, {"timeout": float("inf")}, {"threads": 0}, {"files": 5, "queue": 4}]
)
def test_limits_that_cannot_hold_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(OptionError):
        Limits(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["", " ", "a\u200b", " a", "a\n"])
def test_keys_that_no_client_can_send_are_refused(key: str) -> None:
    with pytest.raises(OptionError, match="the API key"):
        create_app(None, Limits(), api_key=key)


def test_the_examples_of_the_repository(client: TestClient) -> None:
    for path in sorted((Path(__file__).parents[1] / "examples").glob("*.jpg")):
        answer = client.post("/v1/predict", content=path.read_bytes())
        with Image.open(path) as picture:
            assert (answer.json()["width"], answer.json()["height"]) == picture.size


def test_a_small_picture_is_told(client: TestClient) -> None:
    problem(client.post("/v1/predict", content=encoded(np.zeros((20, 20, 3), np.uint8))), "ImageTooSmall")
