"""What scores are worth of pictures of pictures: which are recaptured, where one is known, and what is learned."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from commands import loaded
from fakes import POLICY
from PIL import Image

from deepfake_detector.ensemble.aggregate import Linear, evidence
from deepfake_detector.ensemble.policy import Policy
from deepfake_detector.evaluate.corruptions import RECAPTURED
from deepfake_detector.faces.crop import centre
from deepfake_detector.medium import SIDE, Medium, measure
from deepfake_detector.models import bundle
from deepfake_detector.models.bundle import Bundle
from deepfake_detector.models.preprocess import resized
from deepfake_detector.train import assemble, bundles, recaptures, restack, views
from deepfake_detector.train.data import Row
from deepfake_detector.types import Pixels

WEIGHTS = Path(bundle.__file__).with_name("weights")
REGIONS = ("face", "scene")
NAMES = [change.name for change in RECAPTURED]


def row(number: int, path: Path = Path("x.png"), *, fake: bool = False, source: str = "a", split: str = "val") -> Row:
    return Row(path, fake, source, "", split, "", f"{number * 7919 % 1000:04d}", "swap" if fake else None)


def test_validation_pictures_are_shown_as_they_are_and_recaptured(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most so many of a source and class, and those whatever the order of the pictures."""
    monkeypatch.setattr(recaptures, "MOST", 3)
    rows = [row(n, fake=n % 2 > 0, source="ab"[n // 6], split="train" if n % 6 == 5 else "val") for n in range(12)]
    jobs = recaptures.plan(rows)
    assert len(jobs) == len(set(jobs)) == (3 + 2 + 3 + 2) * (1 + len(NAMES))
    assert {job.how for job in jobs} == {"plain", *NAMES}
    assert all(rows[job.row].split == "val" for job in jobs)
    monkeypatch.setattr(recaptures, "MOST", 1)
    hashes = {rows[job.row].sha256 for job in recaptures.plan(rows)}
    assert len(hashes) == 4
    assert hashes == {rows[::-1][job.row].sha256 for job in recaptures.plan(rows[::-1])}


@pytest.mark.parametrize("how", NAMES)
def test_a_job_recaptures_its_picture(tmp_path: Path, coffee: Pixels, how: str) -> None:
    Image.fromarray(coffee).save(tmp_path / "coffee.png")
    rows = [row(0, tmp_path / "coffee.png")]
    ((view, pixels, _),) = views.views_of(0, views.Job(0, how, 0, True), rows)
    ((_, plain, _),) = views.views_of(0, views.Job(0, "plain", 0, True), rows)
    assert (view.how, view.fake, view.view) == (how, False, "scene")
    assert np.abs(pixels.astype(int) - plain).mean() > 2


def view(number: int, how: str, *, fake: bool) -> views.View:
    family = "swap" if fake else ""
    return views.View(number, number, "scene", how, fake, family, "press-reals", "", "val", "", 0.0, 300, 300)


def test_bounds_weigh_mistaken_pictures_more_than_missed_ones() -> None:
    """A print in ten shows less than three plain pictures in a hundred: it is not worth them."""
    how = ["plain"] * 100 + ["halftone scan"] * 50 + ["old print"] * 50
    pattern = [1.0] * 97 + [2.0] * 3 + [1.5] * 5 + [3.0] * 45 + [1.0] * 50
    colour = [9.0] * 150 + [0.5] * 50
    table = [view(number, name, fake=False) for number, name in enumerate(how)]
    bounds = recaptures.bounds(table, list(map(Medium, pattern, colour)))
    policy = Policy.from_dict(
        {**POLICY, "conditions": {c: {"bound": b, "band": (0.4, 0.6)} for c, b in bounds.items()}}
    )
    found = [policy.shown(medium) for medium in map(Medium, pattern, colour)]
    assert found == [()] * 105 + [("pattern",)] * 45 + [("no_colour",)] * 50


@pytest.mark.parametrize(("source", "face"), [("b", False), ("a", True)])
def test_bounds_are_of_what_is_measured_and_sources_count_alike(source: str, face: bool) -> None:
    """Two plain pictures that seem printed: they count much if they are all of a source, not if a face is measured."""
    how = ["plain"] * 102 + ["halftone scan"] * 50 + ["black and white"] * 50
    media = [Medium(1.0, 9.0)] * 100 + [Medium(2.0, 9.0)] * 2 + [Medium(1.5, 9.0)] * 50 + [Medium(1.0, 0.0)] * 50
    table = [view(number, name, fake=False) for number, name in enumerate(how)]
    for number in (100, 101):
        table[number] = replace(table[number], source=source)
        if face:
            table.append(replace(table[number], view="face"))
            media.append(Medium(1.0, 9.0))
    assert recaptures.bounds(table, media)["pattern"] == (1.0 if face else 2.0)


def test_what_cannot_be_learned_is_said() -> None:
    table = [view(number, how, fake=False) for number, how in enumerate(["plain", "halftone scan"] * 40)]
    media = [Medium(1.0, 9.0), Medium(3.0, 9.0)] * 40
    with pytest.raises(ValueError, match="where no_colour begins"):
        recaptures.bounds(table, media)
    policy = Policy.from_dict({**POLICY, "conditions": {"pattern": {"bound": 2, "band": (0.4, 0.6)}}})
    none = np.full((len(table), 1, 4), np.nan, np.float32)
    tables = assemble.tables(
        table, assemble.Evidence(("clip-face",), none), assemble.Evidence(("clip-scene",), np.zeros_like(none))
    )
    score = Linear({"clip-scene": (1, 0, 0, 0, 0)}, 0)
    with pytest.raises(ValueError, match="a band for pattern"):
        recaptures.bands(policy, {"both": score, "scene": score}, tables, table, media)


def test_the_heads_that_ship_are_asked_of_validation_views_of_their_region() -> None:
    table = [replace(view(n, "plain", fake=False), view=region) for n, region in enumerate(("face", "scene", "face"))]
    table.append(replace(table[0], split="train"))
    features = np.random.default_rng(0).normal(0, 1, (4, 12, 4, 768)).astype(np.float16)
    array = np.zeros((4, 224, 224, 3), np.uint8)
    said = restack.of_folder(WEIGHTS, table, array, array[:, :192, :192], features)
    asked = {region: np.isfinite(by.logits).all((1, 2)).tolist() for region, by in said.items()}
    assert asked == {"face": [True, False, True, False], "scene": [False, True, False, False]}
    session = ort.InferenceSession(str(WEIGHTS / "heads-face.onnx"), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"statistics": features[[0, 2]].astype(np.float32)})
    np.testing.assert_allclose(said["face"].logits[[0, 2], 0], expected, rtol=1e-5, atol=1e-5)


def test_the_script_teaches_the_bundle_that_ships(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With --recaptured: the conditions alone."""
    script = loaded("calibrate_default")
    asked: list[object] = []
    monkeypatch.setattr(script, "read_manifest", lambda folder: [folder])
    monkeypatch.setattr(script.restack, "recaptured", lambda *given: asked.extend(given))
    monkeypatch.setattr(script.restack, "recalibrate", lambda *_: pytest.fail("the scores are to stay"))
    words = ["x", "--data", str(tmp_path), "--recaptured", "--work", str(tmp_path / "work"), "--processes", "1"]
    monkeypatch.setattr("sys.argv", words)
    script.main()
    assert asked == [WEIGHTS, [tmp_path], tmp_path / "work", 1]
    monkeypatch.setattr("sys.argv", [word for word in words if word != "--recaptured"])
    with pytest.raises(SystemExit):  # neither that nor --faces
        script.main()


def test_the_bundle_is_taught_and_says_the_same_of_plain_pictures(
    tmp_path: Path, hopper: Pixels, astronaut: Pixels, coffee: Pixels
) -> None:
    """Two pictures, real and (mirrored) fake; the second run computes nothing and writes the same."""
    folder, rows = tmp_path / "weights", []
    shutil.copytree(WEIGHTS, folder)
    for number, picture in enumerate((hopper, astronaut)):
        for fake in (False, True):
            path = tmp_path / f"{number}-{fake}.png"
            small = Image.fromarray(picture[:, :: -1 if fake else 1]).resize((300, 320), Image.Resampling.LANCZOS)
            small.save(path)
            rows.append(row(len(rows), path, fake=fake, source="modern-fakes" if fake else "press-reals"))
    before = Bundle.load("default")
    written = []
    for _ in range(2):
        restack.recaptured(folder, rows, tmp_path / "work", 1)
        written.append((folder / "default.json").read_text(encoding="utf-8"))
    assert written[0] == written[1]
    after = json.loads(written[0])
    policy = Policy.from_dict(after["ensemble"]["policy"])
    assert list(policy.conditions) == ["pattern", "no_colour"]
    assert {known.band for known in policy.conditions.values()} == {(0.005, 0.995)}  # too few to believe any
    assert policy.shown(measure(resized(coffee, centre((600, 400)), SIDE))) == ()
    for part in ("members", "picture", "kinds", "mean"):
        assert after["ensemble"][part] == before.ensemble[part]
    for name, value in before.ensemble["policy"].items():
        assert name == "conditions" or after["ensemble"]["policy"][name] == value
    assert after["graphs"] == before.manifest()["graphs"]


HOW = ("plain", "halftone scan", "black and white")
MEDIA = (Medium(1, 9), Medium(3, 9), Medium(1, 0))
KNOWN = {name: {"bound": bound, "band": (0.4, 0.6)} for name, bound in (("pattern", 2), ("no_colour", 1))}


def learned(spread: tuple[float, ...], faces: bool) -> tuple[dict[str, tuple[float, float]], np.ndarray, np.ndarray]:
    """(bands, log-odds, fake) where logits are 1 or -1 with noise of a ``spread`` for each way of showing a picture.

    A third are fakes. With ``faces`` half of the pictures have one; beside it their whole view says nothing.
    """
    rng = np.random.default_rng(0)
    jobs = [view(n, HOW[n % 3], fake=n // 3 % 3 > 1) for n in range(9000)]
    fake = np.array([job.fake for job in jobs])
    said = np.where(fake, 1.0, -1.0) + rng.normal(0, 1, len(jobs)) * np.resize(spread, len(jobs))
    with_face = [faces and job.job // 9 % 2 > 0 for job in jobs]
    table = [replace(job, view=r) for job in jobs for r in REGIONS if r == "scene" or with_face[job.job]]
    logits = {r: np.full((len(table), 1, 4), np.nan, np.float32) for r in REGIONS}
    for number, one in enumerate(table):
        beside = one.view == "scene" and with_face[one.job]
        logits[one.view][number] = 0 if beside else np.float32([said[one.job], 0, 0, 0])
    tables = assemble.tables(table, *(assemble.Evidence((f"clip-{r}",), logits[r]) for r in REGIONS))
    first = (2.0, 0.0, 0.0, 0.0, 0.0)
    picture = {"both": Linear({"clip-face": first}, 0), "scene": Linear({"clip-scene": first}, 0)}
    policy = Policy.from_dict({**POLICY, "conditions": KNOWN})
    found = recaptures.bands(policy, picture, tables, table, [MEDIA[one.job % 3] for one in table])
    limited = evidence(np.float32([said, said, said, said]).T)[:, 0]
    return dict(found), 2 * limited, fake


@pytest.mark.parametrize("faces", [False, True])
def test_a_band_is_that_of_the_pictures_that_show_the_condition(faces: bool) -> None:
    bands, said, fake = learned((0.1, 1.1, 0.7), faces)
    for number, band in enumerate(bands.values(), start=1):
        here = np.arange(len(said)) % 3 == number
        alike = np.where(fake[here], 2.0, 1.0)
        assert band == pytest.approx(bundles.band(fake[here], alike, said[here], bundles.ERROR), abs=0.006)
    assert bands["pattern"][0] < bands["no_colour"][0] < 0.4
    assert bands["pattern"][1] > bands["no_colour"][1] > 0.6


def test_a_band_is_never_narrower_than_that_of_other_pictures() -> None:
    bands, _, _ = learned((2.0, 0.1, 0.1), faces=False)
    assert set(bands.values()) == {(0.4, 0.6)}
