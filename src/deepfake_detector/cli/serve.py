"""``deepfake-detector serve``."""

from __future__ import annotations

import os
from typing import Any

import click

from ..types import Aggregation
from .options import operating_point, which_detector
from .outputs import wrong_usage

_LOCAL = ("127.0.0.1", "localhost", "::1")
_KEY = "DEEPFAKE_DETECTOR_API_KEY"
_MIB = 2**20


@click.command(
    context_settings={"auto_envvar_prefix": "DEEPFAKE_DETECTOR"},
    epilog="Every option can be set by an environment variable too, as in DEEPFAKE_DETECTOR_PORT=8080. An API key is "
    f"taken from {_KEY} alone, and asked for in the header X-API-Key.",
)
@click.option("--host", default="127.0.0.1", help="Address to listen on; 0.0.0.0 for all of this machine's.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="0 takes a free one.")
@which_detector
@operating_point
@click.option("--max-body", type=click.IntRange(1), default=32, help="MiB of a request.")
@click.option("--max-pixels", type=click.IntRange(1), default=50, help="Millions of pixels of a picture.")
@click.option("--max-files", type=click.IntRange(1), default=16, help="Pictures of a request.")
@click.option("--max-samples", type=click.IntRange(10), default=300, help="Pictures that LIME may have scored.")
@click.option("--queue", type=click.IntRange(1), default=64, help="Pictures waiting or worked on; beyond it, 429.")
@click.option("--threads", type=click.IntRange(1), help="Pictures worked on at once.  [default: processors, at most 4]")
@click.option("--timeout", type=click.FloatRange(1), default=60, help="Seconds for an answer.")
@click.option("--long-timeout", type=click.FloatRange(1), default=300, help="Seconds for an explanation or a report.")
@click.option("--cors-origin", multiple=True, help="A site whose pages may call this service; may be repeated.")
def serve(
    host: str,
    port: int,
    model: str,
    face_detector: str,
    aggregation: Aggregation,
    threshold: float | None,
    max_fpr: float | None,
    max_pixels: int,
    cors_origin: tuple[str, ...],
    **limits: Any,
) -> None:
    """Run the detector as a service: REST under /v1, and a page for people at /.

    Pictures stay in memory: nothing uploaded is written to disk or logged, and nothing is fetched. Ends on Ctrl-C or
    SIGTERM, after the requests in hand.
    """
    from ..extras import require

    with wrong_usage():
        require("web")
        from ..detector import DeepfakeDetector
        from ..web import create_app
        from ..web.server import run

        bounds = _limits(**limits)
        detector = DeepfakeDetector(
            model,
            face_detector=face_detector,
            aggregation=aggregation,
            threshold=threshold,
            max_fpr=max_fpr,
            max_pixels=max_pixels * 1_000_000,
        )
        app = create_app(detector, bounds, api_key=os.environ.get(_KEY), origins=cors_origin)
    if host not in _LOCAL and _KEY not in os.environ:
        click.echo(
            f"Warning: {host} can be reached from other machines, and no API key is asked for. "
            f"Set {_KEY}, or listen on 127.0.0.1.",
            err=True,
        )
    run(app, host, port, bounds.timeout)


def _limits(
    max_body: int,
    max_files: int,
    max_samples: int,
    queue: int,
    threads: int | None,
    timeout: float,
    long_timeout: float,
) -> Any:
    from ..web import Limits

    return Limits(
        body=max_body * _MIB,
        files=max_files,
        queue=queue,
        timeout=timeout,
        long_timeout=long_timeout,
        samples=max_samples,
        **({} if threads is None else {"threads": threads}),
    )
