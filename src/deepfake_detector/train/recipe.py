"""``train``: from labelled pictures of the user's to a bundle. Every stage is kept in a folder and survives a stop.

1. labels, sources and splits; every file is read once; repeats and metadata are looked at (gather, examine, checks)
2. views of every picture, as it is and handled, and forgeries of the real ones (plans, views)
3. the encoder's features of every view (features), the heads, cross-fitted (evidence), networks where asked (members)
4. aggregation, calibration and policy on held-out pictures (rebuild)

Steps 1 to 4 need no torch unless networks are trained.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..errors import DataError, ImageError, OptionError
from ..evaluate.manifest import LabelledPicture
from ..extras import require
from ..types import Family, Floats
from . import checks, gather, plans, views
from .data import Row
from .evidence import Members
from .examine import Facts, Unreadable, examine
from .folds import divide
from .imagenet import weights as imagenet_weights
from .rebuild import Result, rebuilt
from .start import Start, start

PIECE = 100
"""Jobs in one piece of the store of views: what a stop can cost."""
_SHOWN = 10
_NAMES = "backslashreplace"
"""Names of files need not be text."""
_BYTES_A_VIEW = 2 * (224 * 224 * 3 + 192 * 192 * 3)
"""While pieces are laid together, both are there; the features that come later take less than the pieces did."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What the user asked for. Fields as the options of ``deepfake-detector train``; imagenet: weights for "conv"."""

    data: tuple[Path, ...]
    out: Path
    base: str | None = "default"
    members: tuple[str, ...] = ()
    seed: int = 0
    work: Path | None = None
    processes: int = 1
    limit: int | None = None
    ignore_checks: bool = False
    family: Family | None = None
    imagenet: Path | None = None

    @property
    def folder(self) -> Path:
        """Where everything is kept that a stopped run goes on from."""
        return self.work or self.out.with_name(self.out.name + ".work")


@dataclass(frozen=True)
class Outcome:
    """The result, and the pictures that could not be read: also in ``listed``, JSON Lines, where there are any."""

    result: Result
    unreadable: tuple[Unreadable, ...]
    listed: Path


def train(settings: Settings, say: Say = print) -> Outcome:
    """Run everything and write ``settings.out``. say: receives what the user should read, line by line.

    Raises DataError, OptionError, ModelNotFound, ModelInvalid or MissingExtra.
    """
    if not settings.out.parent.is_dir():
        raise OptionError(f"{settings.out}: the folder {settings.out.parent} does not exist. Make it first.")
    if not os.access(settings.out.parent, os.W_OK):
        raise OptionError(f"{settings.out}: nothing can be written into {settings.out.parent}.")
    if settings.limit is not None and settings.limit < 1:
        raise OptionError(f"--limit must be at least 1, got {settings.limit}")
    begun = start(settings.base, settings.members)
    imagenet = _imagenet(settings, begun)
    work = settings.folder
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"--work: the folder {work} cannot be made ({error.strerror}). Name another.") from None
    if not os.access(work, os.W_OK):
        raise OptionError(f"--work: nothing can be written into {work}. Name another folder.")
    listed = settings.out.with_name(settings.out.name + ".unreadable.jsonl")

    rows, unreadable = _rows(settings, listed, say)
    jobs = plans.plan(rows, settings.seed)
    folds = divide(rows, settings.seed)
    say(f"Held out for training: {folds.describe()}.")
    _estimate(jobs, work, say)
    store = work / f"views-{_key(rows, jobs)}"
    try:
        views.make_store(store, rows, jobs, settings.processes, PIECE)
    except ImageError as error:  # all of them were read before
        raise DataError(f"{error} It was read a while ago. Start the same command again.") from None
    table, pixels, native = views.read_store(store)
    checks.assert_polarity(table, rows)

    members = Members(begun, table, {"resized": pixels, "native": native}, store, work, folds)
    members.encode(settings.processes)

    def networks(name: str) -> tuple[bytes, Floats]:
        from . import members as torch_members  # imports torch

        assert imagenet is not None or name != "conv"
        recipe = torch_members.recipe(name, imagenet, settings.seed)
        array: np.ndarray = {"pixels": pixels, "native": native}[recipe.array]
        return torch_members.network_logits(
            recipe, table, array, store / "networks", len(jobs), folds, folds.halves(), early=True
        )

    after, before = members.evidence(networks)
    result = rebuilt(settings.out.stem, members.start, members.graphs, rows, table, native, after, before, folds)
    result.bundle.save(settings.out)
    return Outcome(result, tuple(unreadable), listed)


def _imagenet(settings: Settings, begun: Start) -> Path | None:
    """Ask for what the networks need before anything long begins."""
    if not begun.networks:
        return None
    require("train")
    if "conv" not in begun.networks:
        return None
    path = imagenet_weights(settings.imagenet)
    from . import members  # imports torch

    try:
        members.recipe("conv", path, settings.seed).build()
    except ValueError as error:
        raise OptionError(f"--imagenet: {error}") from None
    return path


def _rows(settings: Settings, listed: Path, say: Say) -> tuple[list[Row], list[Unreadable]]:
    """Step 1: the rows that are trained and calibrated on, and what could not be read."""
    pictures, notes = gather.gather(settings.data)
    for note in notes:
        say(note)
    if not pictures:
        raise DataError(f"No picture is in a split that is read ({', '.join(gather.READ)}). Correct the column split.")
    if settings.limit is not None:
        pictures = gather.sampled(pictures, settings.limit, settings.seed)
    facts, unreadable = examine([picture.path for picture in pictures], settings.folder, settings.processes)
    _list(unreadable, listed)
    if unreadable:
        first = f"listed in {listed}; the first: {unreadable[0].message}"
        if not facts:
            raise DataError(f"None of the {len(pictures)} pictures can be read ({first})")
        say(f"{len(unreadable)} of {len(pictures)} pictures cannot be read ({first})")
    rows = gather.rows_of(pictures, facts, settings.family)
    rows = _checked(rows, facts, settings, say)
    rows, lacking = gather.held_out(rows, settings.seed)
    if lacking:
        say(
            f"No validation pictures in {', '.join(lacking)}: a tenth of the groups (seed {settings.seed}) is held out "
            "for it."
        )
    say(
        "Polarity: what is labelled fake (0 where labels are numbers) is searched for, what is labelled real (1) is "
        "not; a score is the probability of fake. Pictures by split:"
    )
    say(gather.counts(rows))
    say(f"Fakes by family: {gather.families(rows) or 'none'}.")
    _assert_labels(rows, pictures)
    gather.assert_classes(rows)
    unknown = sum(row.fake and row.family is None for row in rows)
    if unknown:
        say(
            f"Of {unknown} fakes the family is unknown: they teach the pooled output alone, and nothing to those for "
            "swap, gan and generated. A column family in a manifest tells it, or --family for all of them."
        )
    return [row for row in rows if row.split != "test"], unreadable


def _checked(rows: list[Row], facts: dict[Path, Facts], settings: Settings, say: Say) -> list[Row]:
    """Say what the checks find; leave out what stands again in a later split; join groups that share a picture."""
    twofold = checks.contradictions(rows)
    if twofold and not settings.ignore_checks:
        shown = "\n".join(twofold[:_SHOWN])
        raise DataError(
            f"{len(twofold)} files are called real in one place and fake in another:\n{shown}\nCorrect the labels, or "
            "pass --ignore-checks to train on both."
        )
    parted = {row.path for row in checks.parted(rows)}  # by the groups given: joined ones may hold much that differs
    neighbours = checks.Neighbours(rows, facts)
    repeats = neighbours.repeats()
    rows = neighbours.regrouped()
    say(f"Repeated across splits: {len(repeats)} pictures.")
    for repeat in repeats[:_SHOWN]:
        say(f"  {repeat}")
    if repeats:
        path = settings.folder / "repeated.txt"
        path.write_text("".join(f"{repeat}\n" for repeat in repeats), encoding="utf-8", errors=_NAMES)
        done = (
            "All of them stay (--ignore-checks)." if settings.ignore_checks else "The former of each pair is left out."
        )
        say(f"  {done} The whole list: {path}")
        if not settings.ignore_checks:
            out = {repeat.row.path for repeat in repeats}
            rows = [row for row in rows if row.path not in out]
    also = [row for row in rows if row.path in parted]
    if also:
        done = "They stay (--ignore-checks)." if settings.ignore_checks else "They are left out."
        say(f"Of groups that a later split has too: {len(also)} pictures, the first {also[0].path}. {done}")
        if not settings.ignore_checks:
            rows = [row for row in rows if row.path not in parted]
    figure = checks.gate(rows, facts, settings.seed)
    if figure is None:
        say("Metadata alone: not judged, a class has too few groups of pictures.")
    else:
        say(f"Metadata alone (size, format, compression) tell fake from real with an AUC of {figure}.")
        warning = checks.warning(figure)
        if warning:
            say(f"Warning: {warning}")
    return rows


def _assert_labels(rows: Sequence[Row], pictures: Sequence[LabelledPicture]) -> None:
    """Every row still carries the label that the manifest gave its picture."""
    given = {picture.path: picture.fake for picture in pictures}
    for row in rows:
        if given[row.path] != row.fake:
            raise DataError(
                f"{row.path}: was {'fake' if given[row.path] else 'real'}, and is not any more. Report this."
            )


def _list(unreadable: Sequence[Unreadable], path: Path) -> None:
    """Write the list beside the output; one of an earlier run must not stay where all can be read now."""
    if unreadable:
        lines = (json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in unreadable)
        path.write_text("".join(lines), encoding="utf-8", errors=_NAMES)
    else:
        path.unlink(missing_ok=True)


def _key(rows: Sequence[Row], jobs: Sequence[views.Job]) -> str:
    """Another folder for other pictures, labels, groups or plans; the same wherever the pictures lie."""
    parts = [[r.sha256, r.fake, r.family, r.source, r.split, r.group] for r in rows]
    return hashlib.sha256(json.dumps([parts, [asdict(job) for job in jobs]]).encode()).hexdigest()[:16]


def _estimate(jobs: Sequence[views.Job], work: Path, say: Say) -> None:
    most = sum(1 + job.scene for job in jobs)
    say(
        f"At most {most} views of {len(jobs)} pictures and copies: {most * _BYTES_A_VIEW / 2**30:.1f} GiB in {work}, "
        "which may be removed afterwards. Fewer with --limit."
    )
