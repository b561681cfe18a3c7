"""Runs the application under uvicorn: one process, logs that hold nothing of what was uploaded."""

from __future__ import annotations

import logging

import uvicorn
from fastapi import FastAPI


def run(app: FastAPI, host: str, port: int, grace: float) -> None:
    """Serve until Ctrl-C or SIGTERM, then finish the requests in hand, for at most ``grace`` seconds.

    Logs go to standard error.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("uvicorn", "deepfake_detector.web"):
        logging.getLogger(name).setLevel(logging.INFO)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,  # it would have whole addresses, as clients write them; ours has routes
        server_header=False,
        timeout_graceful_shutdown=int(grace),
    )
