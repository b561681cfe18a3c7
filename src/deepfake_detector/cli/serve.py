"""``deepfake-detector serve``."""

from __future__ import annotations

import logging
import os

import click

from ..errors import MissingExtra, ModelError, OptionError
from ..types import Aggregation
from .options import which_detector

_LOCAL = ("127.0.0.1", "localhost", "::1")
_KEY = "DEEPFAKE_DETECTOR_API_KEY"


@click.command()
@click.option("--host", default="127.0.0.1", help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, help="0 takes a free one.")
@which_detector
def serve(host: str, port: int, model: str, face_detector: str, aggregation: Aggregation) -> None:
    """Run the detector as a service with a page."""
    from ..extras import require

    try:
        require("web")
        import uvicorn

        from ..detector import DeepfakeDetector
        from ..web import create_app

        detector = DeepfakeDetector(model, face_detector=face_detector, aggregation=aggregation)
        app = create_app(detector, api_key=os.environ.get(_KEY))
    except (OptionError, ModelError, MissingExtra) as error:
        click.echo(f"Error: {error}", err=True)
        raise click.exceptions.Exit(2) from None
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("uvicorn", "deepfake_detector.web"):
        logging.getLogger(name).setLevel(logging.INFO)
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, server_header=False)
