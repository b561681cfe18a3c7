"""What another choice in the heads would be worth: AUC of sources left out and of known ones, line by line.

    python scripts/measure_heads.py --work ~/deepfake-work
    python scripts/measure_heads.py --work ~/deepfake-work --power 0.4
    python scripts/measure_heads.py --work ~/deepfake-work --voice generated.0.brief=0.25 --raise swap=-0.5
    python scripts/measure_heads.py --work ~/deepfake-work --added-from 57449    # what the repainted faces bring

WORK is that of make_default_bundle.py, with its views and features. The heads that ship are read, or such heads without
what is added, and beside them those of the choice given. ``test`` and ``unseen-`` are not read. A choice is fitted once
and kept in WORK: half an hour on one core. A logit that is only raised needs no fit.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from make_default_bundle import WEIGHTS

from deepfake_detector.models.card import OUTPUTS
from deepfake_detector.train import assemble, crossfit, forgeries, shelf, trial, tuning, views
from deepfake_detector.train.evidence import SELECTION, STRENGTH

NUMBERS = [field.name for field in fields(tuning.Care) if field.type == "float"]


def voice(text: str) -> tuple[str, int, str, float]:
    """``gan.1.trust=0.5`` -> ("gan", 1, "trust", 0.5)."""
    place, _, value = text.partition("=")
    head, _, rest = place.partition(".")
    number, _, name = rest.partition(".")
    if number not in map(str, range(len(tuning.CARE.get(head, ())))) or name not in NUMBERS:
        raise argparse.ArgumentTypeError(f"{text!r}: give HEAD.VOICE.NUMBER=VALUE, of {OUTPUTS}, from 0, of {NUMBERS}")
    return head, int(number), name, float(value)


def raised(text: str) -> tuple[str, float]:
    """``swap=-0.5`` -> ("swap", -0.5)."""
    head, _, number = text.partition("=")
    if head not in OUTPUTS:
        raise argparse.ArgumentTypeError(f"{text!r}: give HEAD=LOGITS, of {OUTPUTS}")
    return head, float(number)


def changed(voices: tuning.Voices, changes: Sequence[tuple[str, int, str, float]]) -> tuning.Voices:
    """The voices with other numbers, as ``voice`` gives them."""
    result = {head: list(cares) for head, cares in voices.items()}
    for head, place, name, value in changes:
        result[head][place] = replace(result[head][place], **{name: value})
    return {head: tuple(cares) for head, cares in result.items()}


def before(table: Sequence[views.View], job: int | None) -> int:
    """How many views are of jobs before that one (None: all). Raises ValueError where later ones lie among them."""
    numbers = np.array([view.job for view in table])
    first = len(table) if job is None else int((numbers < job).sum())
    if job is not None and (numbers[:first] >= job).any():
        raise ValueError("the store's views are not in the order of their jobs")
    return first


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the folder that make_default_bundle.py worked in")
    parser.add_argument(
        "--power", type=float, default=crossfit.SOURCE_POWER, help="n views of a source weigh n ** POWER"
    )
    parser.add_argument("--forged", type=float, help="how much a forgery of ours counts, in both regions")
    parser.add_argument("--voice", type=voice, action="append", default=[], metavar="HEAD.VOICE.NUMBER=VALUE")
    parser.add_argument(
        "--added-from", type=int, metavar="JOB", help="views of jobs from this number on: heard by the choice alone"
    )
    parser.add_argument("--raise", type=raised, action="append", default=[], metavar="HEAD=LOGITS", dest="raised")
    args = parser.parse_args()
    heard = {region: changed(voices, args.voice) for region, voices in tuning.SHIPPED.items()}
    forged = forgeries.WEIGHT if args.forged is None else dict.fromkeys(tuning.SHIPPED, args.forged)
    by = np.zeros(len(OUTPUTS), np.float32)
    for head, number in args.raised:
        by[OUTPUTS.index(head)] = number

    store = args.work / "views"
    table, _, _ = views.read_store(store)
    encoder = WEIGHTS / "clip-vit-b16.onnx"
    encoded = shelf.encoded(store, encoder, args.work, 1)
    kept = shelf.of_encoder(store, "heads", encoder)

    first = before(table, args.added_from)
    shown = table[:first]  # read in every column: what is added is heard alone

    def read(
        views_heard: int, power: float, weight: Mapping[str, float], heard: Mapping[str, tuning.Voices], by: np.ndarray
    ) -> dict[str, list[trial.Line]]:
        of_region = {}
        given = table[:views_heard], encoded[:views_heard]
        for region, voices in heard.items():
            _, logits = crossfit.head_logits(
                region, *given, SELECTION, STRENGTH, kept, forged=weight[region], power=power, heard=voices
            )
            of_region[region] = assemble.Evidence((f"clip-{region}",), (logits[:first] + by)[:, None])
        tables = assemble.tables(shown, of_region["face"], of_region["scene"])
        return {situation: trial.read(rows, shown) for situation, rows in tables.items()}

    choices = [(first, crossfit.SOURCE_POWER, forgeries.WEIGHT, tuning.SHIPPED, np.zeros_like(by))]
    asked_for = (len(table), args.power, forged, heard, by)
    if (
        first < len(table)
        or args.power != crossfit.SOURCE_POWER
        or args.forged is not None
        or args.voice
        or args.raised
    ):
        choices.append(asked_for)
    columns = [read(*choice) for choice in choices]
    asked = ", then of those asked for" if len(columns) > 1 else ""
    without = f" without jobs from {args.added_from} on" if first < len(table) else ""
    print(f"AUC, untouched / handled pictures; of the heads that ship{without}{asked}")
    for situation in assemble.SITUATIONS:
        print(f"\n{situation}\n" + "\n".join(_lines([column[situation] for column in columns])))


def _lines(columns: Sequence[Sequence[trial.Line]]) -> list[str]:
    rows = zip(*columns, strict=True)
    return [f"{row[0].name:58s} {row[0].fakes:5d} fakes  " + "   ".join(map(_aucs, row)) for row in rows]


def _aucs(line: trial.Line) -> str:
    return f"{line.untouched:.4f} / {line.handled:.4f}"


if __name__ == "__main__":
    main()
