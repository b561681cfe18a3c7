"""The store of training views: every picture, as it is or handled, as the members will see it.

A store is a folder: ``views.csv`` (a line a view), ``pixels.npy`` uint8 (n, 224, 224, 3) and ``native.npy`` uint8
(n, 192, 192, 3). It is made once, in pieces that survive a stop, and lies outside the repository.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from .. import images
from ..evaluate.corruptions import RECAPTURED
from ..faces import crop
from ..faces.yunet import YuNet
from ..models.preprocess import native, resized
from ..types import Face, Family, Pixels
from .augment import degraded, processed
from .data import Row
from .forge import composite, self_blended
from .pool import in_processes
from .sources import SOURCES
from .whole import written

SIDE, NATIVE = 224, 192
FORGED_FAMILY: Family = "swap"
"""Of the forgeries that are made here."""
Rows = Sequence[Row] | Mapping[int, Row]
_PIECE = 400  # jobs in one piece
_RECAPTURES = {change.name: change for change in RECAPTURED}


@dataclass(frozen=True)
class Job:
    """One picture to make views of.

    how: "plain" (as it is), "handled" (``augment.degraded``), "processed" (``augment.processed``), "blend" or
    "composite" (forged here, then handled), "twin" (the real counterpart of these two: same seed, same handling),
    "repainted" (handled, a picture that ``scripts/make_swaps.py`` forged) or "original" (its counterpart, likewise); or
    the name of one of ``corruptions.RECAPTURED``.
    scene: whether the whole picture is shown beside its face; without a face it always is, unless ``face_alone``.
    donor: index of the row that gives a composite's part.
    """

    row: int
    how: str
    seed: int
    scene: bool
    donor: int = -1
    face_alone: bool = False


@dataclass(frozen=True)
class View:
    """One line of ``views.csv``. view: "face" or "scene"; how: as the job's. face_size: of the largest face, pixels."""

    row: int
    job: int
    view: str
    how: str
    fake: bool
    family: str
    source: str
    generator: str
    split: str
    group: str
    face_size: float
    width: int
    height: int

    @property
    def forged(self) -> bool:
        """Whether this project forged the picture."""
        return self.how in ("blend", "composite", "repainted")

    @property
    def stratum(self) -> tuple[str, bool, bool]:
        """What is weighed and centred together: source, class, and whether this project forged the picture."""
        return self.source, self.fake, self.forged

    @property
    def counterpart(self) -> bool:
        """Whether it is the real counterpart of a forged view."""
        return self.how in ("twin", "original")

    @property
    def of_networks(self) -> bool:
        """Whether the picture was repainted by a network of this project's, or is the counterpart of one that was."""
        return self.how in ("repainted", "original")


def plan(rows: list[Row], seed: int, varied: int) -> list[Job]:
    """The jobs of a training run.

    First ``varied`` jobs of all kinds, the head of a random order (a fair sample); then what that leaves out: every
    training picture as it is (handling blurs the traces of face generators), and every validation picture both as it
    is and handled.
    """
    rng = np.random.default_rng(seed)
    jobs = []
    for index, row in enumerate(rows):
        if row.split == "val":
            jobs.append(Job(index, "plain", 0, True))
        elif row.split == "train":
            copies = SOURCES[row.source].copies
            for copy in range(int(copies) + int(rng.random() < copies % 1)):
                how = "plain" if copy == 0 and rng.random() < 0.3 else "handled"
                scene = _with_scene(row, rng)
                jobs.append(Job(index, how, int(rng.integers(2**31)), scene))
    jobs += forged(rows, rng, {name: source.forged for name, source in SOURCES.items()})
    jobs = [jobs[i] for i in rng.permutation(len(jobs))][:varied]
    plain = {job.row for job in jobs if job.how == "plain"}
    rest = [
        Job(index, "plain", 0, row.split == "val" or _with_scene(row, rng))
        for index, row in enumerate(rows)
        if index not in plain and _also_plain(row, rng)
    ]
    rest += [Job(i, "handled", int(rng.integers(2**31)), True) for i, row in enumerate(rows) if row.split == "val"]
    return jobs + [rest[i] for i in rng.permutation(len(rest))]


def _also_plain(row: Row, rng: np.random.Generator) -> bool:
    return bool(rng.random() < SOURCES[row.source].plain) if row.split == "train" else row.split == "val"


def _with_scene(row: Row, rng: np.random.Generator) -> bool:
    return bool(rng.random() < SOURCES[row.source].scene)


def reals_of(rows: Sequence[Row], source: str) -> list[int]:
    """Which rows are real training pictures of a source."""
    return [i for i, row in enumerate(rows) if row.source == source and row.split == "train" and not row.fake]


def with_twin(forgery: Job, rng: np.random.Generator) -> list[Job]:
    """The forgery, every second time together with its twin."""
    return [forgery, replace(forgery, how="twin", donor=-1)] if rng.random() < 0.5 else [forgery]


def forged(rows: Sequence[Row], rng: np.random.Generator, counts: Mapping[str, int]) -> list[Job]:
    """``counts`` forged pictures by source, and twins, from real faces of the training split; donors of that source."""
    jobs = []
    for source, count in counts.items():
        pool = reals_of(rows, source)
        if not pool:
            continue
        for _ in range(count):
            index, donor, seed = int(rng.choice(pool)), int(rng.choice(pool)), int(rng.integers(2**31))
            how = "blend" if rng.random() < 0.5 else "composite"
            scene = bool(rng.random() < 0.3)
            jobs += with_twin(Job(index, how, seed, scene, donor), rng)
    return jobs


_detector: YuNet | None = None


def faces_of(pixels: Pixels) -> list[Face]:
    """Faces by the default detector, one instance a process."""
    global _detector
    _detector = _detector or YuNet()
    return _detector.detect(pixels)


def _picture(job: Job, rows: Rows) -> tuple[Pixels, bool] | None:
    """The job's picture after handling, and whether it was forged; None where no face could be forged."""
    pixels = images.read(rows[job.row].path).pixels
    rng = np.random.default_rng(job.seed)
    if job.how == "plain":
        return pixels, False
    if job.how in ("handled", "twin", "repainted", "original"):
        return degraded(pixels, rng), job.how == "repainted"
    if job.how == "processed":
        return processed(pixels, rng), False
    if job.how in _RECAPTURES:
        return _RECAPTURES[job.how](pixels, job.seed), False
    faces = faces_of(pixels)
    if not faces or faces[0].size < 40:
        return None
    forging = np.random.default_rng([job.seed, 1])  # apart, so that the twin is handled alike
    try:
        if job.how == "blend":
            forged = self_blended(pixels, faces[0], forging)
        else:
            donor = images.read(rows[job.donor].path).pixels
            donor_faces = faces_of(donor)
            if not donor_faces or job.donor == job.row:
                return None
            forged = composite(pixels, faces[0], donor, donor_faces[0], forging)
    except (ValueError, cv2.error):
        return None
    return degraded(forged, rng), True


def views_of(number: int, job: Job, rows: Rows) -> Iterator[tuple[View, Pixels, Pixels]]:
    """The views of one job: of its largest face, and of the whole picture."""
    made = _picture(job, rows)
    if made is None:
        return
    pixels, faked = made
    row, size = rows[job.row], (pixels.shape[1], pixels.shape[0])
    faces = faces_of(pixels)
    face_size = faces[0].size if faces else 0.0
    parts = [("face", crop.around(faces[0], size))] if faces and face_size >= crop.MIN_FACE else []
    if job.scene or not (parts or job.face_alone):
        parts.append(("scene", crop.centre(size)))
    for name, part in parts:
        family = FORGED_FAMILY if faked else row.family or ""
        view = View(
            job.row, number, name, job.how, row.fake or faked, family, row.source, row.generator, row.split, row.group,
            round(face_size, 1), *size,
        )  # fmt: skip
        yield view, resized(pixels, part, SIDE), native(pixels, part, NATIVE)


def _piece(folder: Path, number: int, first: int, jobs: list[Job], rows: Mapping[int, Row]) -> None:
    cv2.setNumThreads(1)
    path = folder / f"piece-{number:04d}.npz"
    made = [view for i, job in enumerate(jobs) for view in views_of(first + i, job, rows)]
    lines = json.dumps([asdict(view) for view, _, _ in made])
    with written(path) as partial, open(partial, "wb") as file:
        pixels = np.array([m[1] for m in made], np.uint8).reshape(-1, SIDE, SIDE, 3)  # none where no face was forged
        native_pixels = np.array([m[2] for m in made], np.uint8).reshape(-1, NATIVE, NATIVE, 3)
        np.savez(file, lines=np.array(lines), pixels=pixels, native=native_pixels)


def make_store(folder: Path, rows: list[Row], jobs: list[Job], processes: int, piece: int = _PIECE) -> None:
    """Make (or go on making) the store of ``jobs`` in ``folder``, ``piece`` jobs at a time.

    Raises ValueError where the folder holds one of other jobs, or of other pictures or labels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    used = sorted({number for job in jobs for number in (job.row, job.donor) if number >= 0})
    shown = [
        [number, row.sha256, row.fake, row.family, row.source, row.split, row.group]
        for number, row in ((number, rows[number]) for number in used)
    ]
    _mark(folder, "plan", [asdict(job) for job in jobs])
    _mark(folder, "set of pictures", shown)
    if (folder / "views.csv").exists():
        return
    pieces = [jobs[i : i + piece] for i in range(0, len(jobs), piece)]
    todo = [n for n in range(len(pieces)) if not (folder / f"piece-{n:04d}.npz").exists()]
    needed = [{i: rows[i] for job in part for i in (job.row, job.donor) if i >= 0} for part in pieces]
    for _ in in_processes(_piece, [(folder, n, n * piece, pieces[n], needed[n]) for n in todo], processes, "views"):
        pass
    _gather(folder, len(pieces))


def _mark(folder: Path, what: str, values: object) -> None:
    """Write down what the store is made of. Raises ValueError where it was made of something else."""
    signature = hashlib.sha256(json.dumps(values).encode()).hexdigest()
    marker = folder / f"{what.split()[-1]}.sha256"
    if marker.exists() and marker.read_text() != signature:
        raise ValueError(f"{folder} holds views of another {what}; use a new folder")
    marker.write_text(signature)


def _gather(folder: Path, pieces: int) -> None:
    """Lay the pieces into two arrays and one table, then drop them."""
    paths = [folder / f"piece-{n:04d}.npz" for n in range(pieces)]
    lines = [line for path in paths for line in json.loads(str(np.load(path)["lines"]))]
    for name, side in (("pixels", SIDE), ("native", NATIVE)):
        out = np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.uint8, (len(lines), side, side, 3))
        at = 0
        for path in paths:
            part = np.load(path)[name]
            out[at : at + len(part)] = part
            at += len(part)
        out.flush()
    with written(folder / "views.csv") as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    for path in (*paths, *folder.glob("piece-*.partial")):  # the latter of runs that were killed
        path.unlink(missing_ok=True)


def read_store(folder: Path) -> tuple[list[View], np.ndarray, np.ndarray]:
    """The table, and the two arrays mapped from disk: (views, pixels, native)."""
    with open(folder / "views.csv", newline="", encoding="utf-8") as file:
        views = [
            View(
                int(line["row"]),
                int(line["job"]),
                line["view"],
                line["how"],
                line["fake"] == "True",
                line["family"],
                line["source"],
                line["generator"],
                line["split"],
                line["group"],
                float(line["face_size"]),
                int(line["width"]),
                int(line["height"]),
            )
            for line in csv.DictReader(file)
        ]
    return views, np.load(folder / "pixels.npy", mmap_mode="r"), np.load(folder / "native.npy", mmap_mode="r")
