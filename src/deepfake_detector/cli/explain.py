"""``deepfake-detector explain``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import ExplanationError, ImageError, OptionError
from ..types import Aggregation, Failure
from .inputs import pictures
from .options import operating_point, which_detector
from .outputs import check_folders, printable, progress, writing, wrong_usage

if TYPE_CHECKING:
    from ..detector import DeepfakeDetector
    from ..explain.base import Explanation, Method


@click.command()
@click.argument("path", metavar="PATH")
@click.option(
    "--method",
    type=click.Choice(["lime", "occlusion", "attention"]),
    help="How; unless given, attention, or occlusion for models without an encoder.",
)
@click.option(
    "--of", default="verdict", help="What: verdict, scene (whole-picture members), or a face's number, 0, 1 ..."
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the figure (.png, .jpg, .svg, .pdf)."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@operating_point
@which_detector
@click.option("--samples", type=int, help="lime: pictures scored.  [default: 300]")
@click.option("--segments", type=int, help="lime: superpixels.  [default: 50]")
@click.option("--seed", type=click.IntRange(min=0), help="lime: of the draw of samples.  [default: 0]")
def explain(
    path: str,
    method: Method | None,
    of: str,
    out: Path | None,
    as_json: bool,
    model: str,
    face_detector: str,
    aggregation: Aggregation,
    threshold: float | None,
    max_fpr: float | None,
    samples: int | None,
    segments: int | None,
    seed: int | None,
) -> None:
    """Say why a picture got its score: which parts speak for fake, and which for real.

    PATH is a picture; - reads one from standard input. Which method to believe: docs/explanations.md.
    """
    from ..detector import DeepfakeDetector

    given: dict[str, Any] = {"num_samples": samples, "segments": segments, "seed": seed}
    options = {name: value for name, value in given.items() if value is not None}
    try:
        with wrong_usage():
            _check(method, out, options)
            detector = DeepfakeDetector(
                model, face_detector=face_detector, aggregation=aggregation, threshold=threshold, max_fpr=max_fpr
            )
            result = _explained(detector, path, method, of, options)
            if out:
                with writing(out):
                    result.save(out)
    except (ImageError, ExplanationError) as error:
        told = Failure(path, error).to_json() if as_json else f"Error: {printable(str(error))}"
        click.echo(told, err=not as_json)
        raise click.exceptions.Exit(1) from None
    if as_json:
        click.echo(json.dumps(result.to_dict(), ensure_ascii=False))
        return
    verdict = result.prediction
    click.echo(f"{printable(verdict.source)}: {verdict.verdict}, {verdict.fake_score:.2f} % fake")
    if result.of != "verdict":
        click.echo(f"explained: {result.of}, {100 * result.p_fake:.2f} % fake")
    click.echo(result.words)
    for warning in result.warnings:
        click.echo(f"Warning: {warning}", err=True)
    if out:
        click.echo(f"figure: {out}")


def _check(method: Method | None, out: Path | None, options: dict[str, Any]) -> None:
    """Raise OptionError for what can be told before anything is loaded."""
    from ..explain.overlay import check_ending
    from ..extras import require

    if options and method != "lime":
        raise OptionError("--samples, --segments and --seed are for --method lime")
    check_folders(out)
    if out:
        check_ending(out)
        require("explain", "matplotlib")


def _explained(
    detector: DeepfakeDetector, path: str, method: Method | None, of: str, options: dict[str, Any]
) -> Explanation:
    from ..explain.explainer import calls, default_method
    from ..explain.explainer import explain as explained

    sources = list(pictures([path]))
    if len(sources) != 1:
        raise OptionError(f"{path} leads to {len(sources)} pictures; explain takes one")
    source = sources[0]
    if isinstance(source, Failure):
        raise source.error
    method = method or default_method(detector)
    if method == "attention":
        return explained(detector, source, method, of, **options)
    with progress(calls(method, options.get("num_samples")), method) as step:
        return explained(detector, source, method, of, step, **options)
