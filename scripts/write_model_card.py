"""Write docs/model-card.md from the shipped manifests and the figures that scripts/measure.py left.

python scripts/write_model_card.py            # --check only says whether the page is up to date
"""

from __future__ import annotations

import json
from typing import Any

from bars import bars
from measure import ensemble_of
from pages import DOCS, ROOT, keep, table

from deepfake_detector.models.bundle import SHIPPED, Bundle
from deepfake_detector.train import stack
from deepfake_detector.train.bundles import LEAD, LEFT_OUT

PAGE = DOCS / "model-card.md"


def span(entry: dict[str, Any], key: str, percent: bool = False) -> str:
    if percent:
        low, high = (100 * v for v in entry["interval"])
        return f"{100 * entry[key]:.1f} % ({low:.1f}-{high:.1f})"
    return f"{entry[key]:.3f} ({entry['interval'][0]:.3f}-{entry['interval'][1]:.3f})"


def readings(figures: dict[str, dict[str, Any]]) -> str:
    names = list(figures["default"]["auc"])
    rows = [
        [
            name,
            figures["default"]["auc"][name]["fakes"],
            figures["default"]["auc"][name]["reals"],
            *(span(figures[bundle]["auc"][name], "auc") for bundle in SHIPPED),
        ]
        for name in names
    ]
    return table(["AUC (95 % interval)", "fakes", "reals", *SHIPPED], rows)


def made(figures: dict[str, Any]) -> str:
    """What each bundle's figures were made by, and of which code."""
    return " ".join(
        f"Figures of `{name}`: `{read['command']}` at commit `{read['commit']}`." for name, read in figures.items()
    )


def of_others(name: str, bundle: Bundle, read: dict[str, Any]) -> list[str]:
    """A line where figures were read with other weights or bands than the bundle has: none where they were not."""
    ours = ensemble_of(bundle)
    if read["graphs"] == bundle.manifest()["graphs"] and read.get("ensemble", ours) == ours:
        return []
    return [f"The figures of `{name}` were read with other weights or bands than it has now, at `{read['commit']}`."]


def page() -> str:
    bundles = {name: Bundle.load(name) for name in SHIPPED}
    figures = {name: json.loads((ROOT / f"docs/figures-{name}.json").read_text(encoding="utf-8")) for name in SHIPPED}
    default = figures["default"]
    members = sorted({m for by_member in default["members"].values() for m in by_member})
    parts = [
        "# Model card",
        "<!-- Written by scripts/write_model_card.py; change that, not this. -->",
        f"Bundles `default` and `fast`, version {bundles['default'].version}. `deepfake-detector info` prints "
        "what the installed bundle says of itself.",
        "## Members",
        table(
            ["member", "looks at", "architecture", "pre-training", "licence"],
            [
                [f"`{c.name}`", f"{c.region}, {c.side} px, {c.sampling}", c.architecture, c.pretraining, c.licence]
                for c in bundles["default"].cards
            ],
        ),
        "`fast` has the members without the encoder: `" + "`, `".join(c.name for c in bundles["fast"].cards) + "`.",
        "## Figures on the test split",
        "Everything was chosen on `train` and `val`, but for four steps. The split was read twenty times, for "
        "twenty builds, of which the last ships; the others read `unseen-stylegan2` at 0.689, 0.805, 0.833, "
        "0.752, 0.816, 0.925, 0.894, 0.932, 0.925, 0.957, 0.958 (the eleventh to the fifteenth), 0.957, 0.966, "
        "0.973 and 0.976. From the eleventh to the sixteenth heads and stacking weights are the same, but for the "
        "swap head of faces of the last two of these and the pooled head of whole pictures of the last; the nineteenth "
        "and the twentieth score alike, and differ in bands. "
        "What was changed in between, on what it was judged, how the fourth reading had a say in the fifth build and "
        "the sixth in the bands of the eighth, that the seventh and new networks for the thirteenth were taken back "
        "for what they read, and that such readings say where the next build looks, is in "
        f"docs/experiments.md. {default['pictures']} pictures. {made(figures)} "
        "Intervals: bootstrap over pictures, 2,000 draws, seed 0.",
        readings(figures),
        "`unseen-stylegan2` is the only one whose source was never trained on. Its reals differ from its fakes in "
        "file size too (bytes alone give AUC 0.7), so it flatters every detector. Since the sixth build a generator "
        "distilled from another StyleGAN2 is among those trained on (`mobilestylegan-faces`): the kind is known now, "
        "these pictures and their real counterparts are not.",
        *(line for name, bundle in bundles.items() for line in of_others(name, bundle, figures[name])),
        "### Each member by itself (AUC)",
        table(
            ["reading", "default", *members],
            [
                [name, f"{default['auc'][name]['auc']:.3f}", *(f"{by.get(m, float('nan')):.3f}" for m in members)]
                for name, by in default["members"].items()
            ],
        ),
        "### False alarms on authentic pictures",
        table(
            ["source", "pictures", *(f"{b}: {what}" for b in SHIPPED for what in ("prediction Fake", "verdict fake"))],
            [
                [
                    name,
                    default["false_alarms"][name]["pictures"],
                    *(
                        span(figures[b][key][name], "share", percent=True)
                        for b in SHIPPED
                        for key in ("false_alarms", "false_alarm_verdicts")
                    ),
                ]
                for name in default["false_alarms"]
            ],
        ),
        "### How far the probabilities can be believed (test split without `unseen-` sources)",
        table(
            ["", *SHIPPED],
            [
                ["expected calibration error, 15 bins", *(f"{figures[b]['ece']:.3f}" for b in SHIPPED)],
                *(
                    [label, *(span(figures[b][key], "share", percent=True) for b in SHIPPED)]
                    for label, key in (
                        ("accuracy of `prediction`", "accuracy"),
                        ("pictures with a verdict other than inconclusive", "coverage"),
                        ("wrong verdicts among those", "error_where_conclusive"),
                    )
                ),
            ],
        ),
        *handling(default),
        *recapturing(default),
        "## On sources left out of training",
        "What the test split cannot tell: how well forgeries of sources that the members had never seen are found. "
        "Every fold's fakes and reals were left out of the heads, and of the fit of the weights; a source's fakes are "
        "read against its fold's reals. Where `conv` and `residual` have no column, they were not trained again "
        "without the fold, and have no part in the learned weights. A face of the fold may have been part of a forged "
        "picture of another one, and networks that repainted faces of all folds have learned it. "
        "Pictures are as they were found; in the table that says so they were also compressed, resized or blurred, and "
        "forgeries made by this project stand under the source of their real pictures. Columns: "
        "the learned weights, the plain mean of these members, and each member. How much the whole picture says beside "
        f"a face in `default` ({stack.SCENE}), and how much a member's number for any fake says beside "
        f"its families ({stack.VERDICT[0]}), were chosen among five values each, on these sources and on `val`, so the "
        "lead of the learned weights over the plain mean is flattered a little. Written into the bundle by "
        "`scripts/make_default_bundle.py`, seed 20261123.",
        *(
            f"`{name}`. {title}:\n\n{folds(content)}"
            for name, bundle in bundles.items()
            for title, content in bundle.about["figures"].items()
            if isinstance(content, dict)
        ),
        "## What was asked for",
        "The bars that this project set itself before it was built, and what the figures above reach of them. What "
        "was tried to reach the rest is in docs/experiments.md. What is missed by less than its interval is not known "
        "to be missed, nor is what is met so known to be met.",
        bars(
            default,
            bundles["default"].about["figures"][LEFT_OUT]["mean over sources"],
            bundles["default"].about["figures"][LEAD],
        ),
        "## Data",
        "What each source is, and whose: [data.md](data.md).",
        "Training views by source: "
        + "; ".join(f"{k} {v}" for k, v in bundles["default"].about["data"]["training views by source"].items())
        + ".",
        "## Limits",
        "\n".join(f"- {limit}" for limit in bundles["default"].about["limits"]),
    ]
    return "\n\n".join(parts) + "\n"


def handling(default: dict[str, Any]) -> list[str]:
    """What compression costs: empty where it was not measured."""
    if not {"handled", "stability"} <= default.keys():
        return []
    stability = default["stability"]
    return [
        "### After compression",
        "AUC lost (95 % interval of the difference, same pictures): `q60@768` is JPEG quality 60 with the longer side "
        "at most 768 pixels, `q40@512` quality 40 at 512. These pictures have at most 400 pixels, and were compressed "
        "before.",
        *lost(default["handled"], default),
        f"Of {stability['same_after_all']['pictures']} pictures with a verdict other than inconclusive, ten "
        f"re-encodings ({', '.join(stability['re_encodings'])}) leave the verdict as it was in "
        f"{span(stability['same'], 'share', percent=True)} of all cases, and after every one of the ten in "
        f"{span(stability['same_after_all'], 'share', percent=True)}; the opposite verdict comes after at least one in "
        f"{span(stability['opposite_after_any'], 'share', percent=True)}. What is neither becomes inconclusive.",
    ]


def recapturing(default: dict[str, Any]) -> list[str]:
    """What printing, scanning and photographing a picture again costs: empty where it was not measured."""
    if "recaptured" not in default:
        return []
    read = next(iter(default["recaptured"].values()))["coverage"]["pictures"]
    return [
        "## Printed, scanned, or photographed from a screen",
        "Pictures of pictures, simulated, and pictures without colours; [what the names mean]"
        f"(evaluation.md#robustness). Of {read} of the pictures above (`as given`: of all), and in the first table of "
        "`unseen-stylegan2` too. In training the heads saw pictures without colours and grained "
        "ones, and none that were printed or shown on a screen on purpose. The [bands](scores.md#inconclusive) of such "
        "pictures were learned on pictures of `val` that the same code recaptured, all of at most 400 pixels: real "
        "prints and screens may do worse, and larger ones may not be known as such.",
        *lost(default["recaptured"], default),
    ]


def lost(ways: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """Two tables of what ``measure.handled`` wrote: AUC lost by each way, and where the pictures start and end."""
    first = next(iter(ways.values()))
    entries = {"as given": given, **{f"`{name}`": way for name, way in ways.items()}}

    def row(label: str, *path: str) -> list[str]:
        found = list(entries.values())
        for key in path:
            found = [entry[key] for entry in found]
        return [label, *(span(entry, "share", percent=True) for entry in found)]

    return [
        table(
            ["reading", "fakes", "reals", *list(entries)[1:]],
            [
                [name, entry["fakes"], entry["reals"], *(span(way["auc_lost"][name], "loss") for way in ways.values())]
                for name, entry in first["auc_lost"].items()
            ],
        ),
        table(
            ["", *entries],
            [
                ["expected calibration error, 15 bins", *(f"{entry['ece']:.3f}" for entry in entries.values())],
                row("pictures with a verdict other than inconclusive", "coverage"),
                row("wrong verdicts among those", "error_where_conclusive"),
                *(row(f'prediction "Fake", {name}', "false_alarms", name) for name in first["false_alarms"]),
            ],
        ),
    ]


def folds(content: dict[str, dict[str, float]]) -> str:
    ways = list(next(iter(content.values())))
    return table(["", *ways], [[name, *(f"{by[w]:.3f}" for w in ways)] for name, by in content.items()])


if __name__ == "__main__":
    keep(PAGE, page, __doc__)
