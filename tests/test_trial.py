"""Lines of a trial of heads, on a table whose right figures are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepfake_detector.train import assemble, sources, stack, trial, views

COUNT = 20


def shown(source: str, family: str, split: str, logit: float, how: str = "plain") -> list[tuple[views.View, float]]:
    """COUNT pictures of a source, of which a member says ``logit`` in every head."""
    view = views.View(0, 0, "face", how, bool(family), family, source, "", split, "", 100.0, 200, 200)
    return [(view, logit)] * COUNT


def read(rows: list[tuple[views.View, float]], scene: float | None = None) -> dict[str, trial.Line]:
    """The lines by name; where ``scene`` is given, of pictures whose whole view says that, whatever the face says."""
    faces = [replace(view, job=job) for job, (view, _) in enumerate(rows)]
    every = faces + ([replace(view, view="scene") for view in faces] if scene is not None else [])
    of_face = np.array([logit for _, logit in rows], np.float32)

    def evidence(region: str, said: np.ndarray) -> assemble.Evidence:
        logits = np.full((len(every), 1, 4), np.nan, np.float32)
        logits[[view.view == region for view in every]] = said[:, None, None]
        return assemble.Evidence((f"clip-{region}",), logits)

    of_scene = np.full(len(rows) if scene is not None else 0, scene or 0.0, np.float32)
    tables = assemble.tables(every, evidence("face", of_face), evidence("scene", of_scene))
    table = tables["face" if scene is None else "both"]
    return {line.name: line for line in trial.read(table, every)}


ROWS = [
    *shown("dfdc-faces", "swap", "train", 3.0),
    *shown("dfdc-faces", "", "train", 0.0),
    *shown("dfdc-faces", "swap", "train", -1.0, "handled"),
    *shown("dfdc-faces", "", "train", 1.0, "handled"),
    *shown("140k-real-and-fake-faces", "gan", "val", 2.0),
    *shown("140k-real-and-fake-faces", "", "val", 1.0),
    *shown("hires-faces", "", "val", 3.0),
]


def test_a_source_left_out_stands_against_the_reals_of_its_fold_untouched_and_handled_apart() -> None:
    line = read(ROWS)["left out: dfdc-faces"]
    assert (line.fakes, line.untouched, line.handled) == (COUNT, 1.0, 0.0)
    others = [*ROWS, *shown("140k-real-and-fake-faces", "", "train", 9.0)]
    assert read(others)["left out: dfdc-faces"] == line


def test_a_known_source_stands_against_its_own_fold_and_against_all_other_sources() -> None:
    lines = read(ROWS)
    assert lines["val: 140k-real-and-fake-faces"].untouched == 1.0
    assert lines["val: 140k-real-and-fake-faces, other sources' reals"].untouched == 0.0
    assert lines["val: all"].untouched == 0.5
    assert lines["val: all, hard reals"].untouched == 0.0


def test_a_picture_forged_by_this_project_is_not_read_as_a_fake() -> None:
    forged = shown("dfdc-faces", "swap", "train", -9.0, "composite")
    assert read([*ROWS, *forged])["left out: dfdc-faces"] == read(ROWS)["left out: dfdc-faces"]


def test_too_few_fakes_give_no_figure_and_do_not_enter_the_mean() -> None:
    few = [*ROWS, *shown("modern-swaps", "swap", "train", 1.0)[:3], *shown("camera-reals", "", "train", 0.0)]
    lines = read(few)
    assert np.isnan(lines["left out: modern-swaps"].untouched)
    assert lines["left out: mean over sources"].untouched == lines["left out: dfdc-faces"].untouched


def test_a_face_counts_one_and_its_whole_picture_as_much_as_in_a_bundle() -> None:
    """A scene that says the same of all pictures moves no figure; the evidence is the weighted sum."""
    assert read(ROWS, scene=5.0)["left out: dfdc-faces"] == read(ROWS)["left out: dfdc-faces"]
    logits = np.array([[[1.0] * 4, [2.0] * 4]])
    table = stack.Table(("clip-face", "clip-scene"), logits, *[np.zeros(1)] * 8)
    of_one = [stack.Table((name,), logits[:, [i]], *[np.zeros(1)] * 8) for i, name in enumerate(table.members)]
    face, scene = (trial.said(one)[0] for one in of_one)
    assert trial.said(table)[0] == pytest.approx(face + stack.SCENE * scene)


def test_sources_of_real_pictures_alone_are_those_without_a_family_of_fakes() -> None:
    assert set(sources.REALS) == {name for name, source in sources.SOURCES.items() if source.family is None}
