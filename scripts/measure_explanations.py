"""Measure whether explanations are true, on pictures whose altered area is known; print the table.

python scripts/measure_explanations.py --data PACK --pictures 12 --out docs/faithfulness.json

Each picture is a real face of the pack's validation split with part of another's blended in: in turn a region of the
face, and an ellipse anywhere in the crop (if all lay in the middle, knowing the middle would do). It is kept only where
the detector noticed: P(fake) of the face rises by a tenth or more. Explained is the face's own score. Needs the extras
``train`` (onnx, to shuffle weights) and ``explain``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from onnx import numpy_helper

from deepfake_detector import DeepfakeDetector
from deepfake_detector.ensemble.aggregate import sigmoid
from deepfake_detector.evaluate import read_pictures
from deepfake_detector.explain import explain, faithfulness
from deepfake_detector.explain.faithfulness import Row
from deepfake_detector.explain.subject import Subject, subject
from deepfake_detector.explain.superpixels import GREY
from deepfake_detector.faces.crop import around
from deepfake_detector.images import read
from deepfake_detector.models.bundle import Bundle
from deepfake_detector.train.forge import composite
from deepfake_detector.types import Face

ROOT = Path(__file__).parents[1]
SOURCES = ("140k-real-and-fake-faces", "deepfake-and-real-images", "hires-faces", "press-reals")
REGIONS = ("eyes", "nose", "mouth", "brow", "lower", "inner")
BASELINES = ("random", "centre blob")
START, END = "<!-- faithfulness -->\n", "<!-- /faithfulness -->"


def forged(detector: DeepfakeDetector, data: Path, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray, str]]:
    """(altered, untouched, region) of faces whose forgery the detector noticed, without end."""
    found = read_pictures(data, "val")
    paths = [one.path for one in found if one.source in SOURCES and not one.fake]
    rng = np.random.default_rng(seed)
    made = 0
    while True:
        own, other = (read(paths[i]).pixels for i in rng.choice(len(paths), 2, replace=False))
        faces = [detector.preprocessor.detector.detect(pixels) for pixels in (own, other)]
        if not all(faces) or faces[0][0].size < 70:
            continue
        region = REGIONS[made // 2 % len(REGIONS)] if made % 2 == 0 else "anywhere"
        try:
            if region == "anywhere":
                altered = pasted(own, faces[0][0], other, faces[1][0], rng)
            else:
                altered = composite(own, faces[0][0], other, faces[1][0], rng, region)
        except ValueError:
            continue
        before, after = (of_face(detector, pixels, faces[0][0]) for pixels in (own, altered))
        # The forgery must not hide the face it is in.
        if after - before >= 0.1 and detector.preprocessor.detector.detect(altered):
            made += 1
            yield altered, own, region


def of_face(detector: DeepfakeDetector, pixels: np.ndarray, face: Face) -> float:
    """P(fake) of a face from the face members; half the time of ``predict``."""
    crop = around(face, (pixels.shape[1], pixels.shape[0]))
    logits = detector.members.logits(pixels, crop, "face", detector.aggregator.asked("face", "stacked"))
    return sigmoid(
        detector.aggregator.picture.face.logit({**dict.fromkeys(detector.aggregator.members, np.zeros(4)), **logits})
    )


def pasted(own: np.ndarray, face: Face, other: np.ndarray, donor: Face, rng: np.random.Generator) -> np.ndarray:
    """A soft ellipse of the other picture, aligned by landmarks, at any place of the face's crop."""
    matrix, _ = cv2.estimateAffinePartial2D(np.array(donor.landmarks), np.array(face.landmarks), method=cv2.LMEDS)
    if matrix is None:
        raise ValueError("the landmarks of the two faces cannot be aligned")
    height, width = own.shape[:2]
    source = cv2.warpAffine(other, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    crop = around(face, (width, height))
    x, y = rng.uniform(0.1, 0.9, 2) * crop.side + (crop.x, crop.y)
    radii = rng.uniform(0.1, 0.22, 2) * crop.side
    mask = np.zeros((height, width), np.float32)
    cv2.ellipse(mask, (round(x), round(y)), (round(radii[0]), round(radii[1])), 0, 0, 360, 1.0, -1)
    mask = cv2.GaussianBlur(mask, (0, 0), max(0.6, 0.015 * crop.side))[:, :, None]
    return np.asarray(np.rint(source * mask + own * (1 - mask)), np.uint8)


def shuffled(bundle: Bundle, seed: int, only_heads: bool) -> DeepfakeDetector:
    """A detector with the weights of every layer in random order, or only those of the heads on the encoder."""
    rng = np.random.default_rng(seed)
    heads = {card.graph for card in bundle.cards if card.encoder}
    graphs = dict(bundle.graphs)
    for name in heads if only_heads else graphs:
        model = onnx.load_from_string(graphs[name])
        for tensor in model.graph.initializer:
            values = numpy_helper.to_array(tensor)
            if values.ndim >= 2 and values.size >= 64:
                mixed = rng.permutation(values.ravel()).reshape(values.shape)
                tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(mixed), tensor.name))
        graphs[name] = model.SerializeToString()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shuffled.h5"
        replace(bundle, name="shuffled", graphs=graphs).save(path)
        return DeepfakeDetector(path)


def figures(asked: Subject, twin: np.ndarray, weights: np.ndarray) -> list[float]:
    """Localisation, deletion and insertion with grey, then with the twin."""
    altered = np.abs(asked.image.astype(int) - twin).max(2) > 8
    grey = np.broadcast_to(np.array(GREY, np.uint8), twin.shape)
    result = [faithfulness.localisation(weights, altered)]
    for reference in (grey, twin):
        curves = faithfulness.curves(asked.image, asked.classify, reference, weights)
        result += [curves.deletion, curves.insertion]
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("DEEPFAKE_DATA"), required="DEEPFAKE_DATA" not in os.environ
    )
    parser.add_argument("--model", default="default")
    parser.add_argument("--pictures", type=int, default=12)
    parser.add_argument("--randomised", type=int, default=3, help="pictures of those for the randomisation check")
    parser.add_argument("--samples", type=int, default=200, help="of LIME")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the figures as JSON, and the table into docs/explanations.md")
    args = parser.parse_args()

    detector = DeepfakeDetector(args.model)
    mixed = [shuffled(detector.bundle, args.seed, only_heads) for only_heads in (True, False)]
    methods: dict[str, Callable[[DeepfakeDetector, np.ndarray], np.ndarray]] = {
        "occlusion": lambda d, p: faithfulness.cells(explain(d, p, "occlusion", 0)),
        "lime": lambda d, p: faithfulness.cells(explain(d, p, "lime", 0, num_samples=args.samples)),
    }
    if any(card.encoder for card in detector.bundle.cards):
        methods = {"attention": lambda d, p: faithfulness.cells(explain(d, p, "attention", 0)), **methods}
    found: dict[str, list[list[float]]] = {name: [] for name in (*methods, *BASELINES)}
    alike: dict[str, list[float]] = {name: [] for name in methods}
    regions: list[str] = []
    for (altered, untouched, region), _ in zip(
        forged(detector, args.data, args.seed), range(args.pictures), strict=False
    ):
        asked = subject(detector, altered, 0)
        a = asked.area
        twin = np.ascontiguousarray(untouched[a.y : a.y + a.side, a.x : a.x + a.side])
        maps = {"random": faithfulness.random_map(len(regions)), "centre blob": faithfulness.centre_blob()}
        for name, make in methods.items():
            maps[name] = make(detector, altered)
            if len(regions) < args.randomised:
                alike[name] += [abs(faithfulness.rank_correlation(maps[name], make(d, altered))) for d in mixed]
            else:
                mixed.clear()  # two more encoders: a gigabyte
        for name, weights in maps.items():
            found[name].append(figures(asked, twin, weights))
        regions.append(region)
        print(len(regions), region, {name: round(values[-1][0], 2) for name, values in found.items()}, flush=True)
        rows = {
            name: Row(
                *(float(value) for value in np.mean(values, axis=0)),
                randomised=float(np.mean(alike[name])) if alike.get(name) else None,
            )
            for name, values in found.items()
        }
        if args.out:  # after every picture: a run takes long, and what it has found is kept where it is stopped
            command = (
                f"python scripts/measure_explanations.py --data PACK --model {args.model} --pictures {len(regions)} "
                f"--randomised {args.randomised} --samples {args.samples} --seed {args.seed} --out {args.out}"
            )
            content = {"command": command, "model": detector.model, "graphs": detector.bundle.manifest()["graphs"]}
            content |= {"pictures": len(regions), "rows": {name: asdict(row) for name, row in rows.items()}}
            write(args.out, content, rows)
    print(faithfulness.table(rows, BASELINES))


def write(out: Path, content: dict[str, Any], rows: dict[str, Row]) -> None:
    """The figures as JSON, and the table into docs/explanations.md."""
    out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    page = ROOT / "docs" / "explanations.md"
    text = page.read_text(encoding="utf-8")
    start, end = text.index(START) + len(START), text.index(END)
    made = f"\n{content['pictures']} pictures, model {content['model']}. Made by `{content['command']}`.\n"
    page.write_text(text[:start] + faithfulness.table(rows, BASELINES) + made + text[end:], encoding="utf-8")


if __name__ == "__main__":
    main()
