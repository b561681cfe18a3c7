"""``deepfake-detector serve``: its options, its warnings, and the real thing on a real port."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from web_fakes import flat

from deepfake_detector.cli.app import app
from deepfake_detector.cli.serve import serve
from deepfake_detector.web import Limits, server

runner = CliRunner()
KEY = "DEEPFAKE_DETECTOR_API_KEY"


@pytest.fixture()
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would have been run."""
    calls: list[Any] = []
    monkeypatch.delenv(KEY, raising=False)
    monkeypatch.setattr(server, "run", lambda *values: calls.append(values))
    return calls


def test_the_defaults_are_those_of_limits(toy: str, ran: list[Any]) -> None:
    assert runner.invoke(app, ["serve", "--model", toy]).exit_code == 0
    [(built, host, port, grace)] = ran
    assert built.state.service.limits == Limits()
    assert built.state.api_key is None
    assert (host, port, grace) == ("127.0.0.1", 8000, Limits().timeout)


def test_every_limit_can_be_set(toy: str, ran: list[Any]) -> None:
    options = (
        "--max-body 1 --max-files 2 --max-samples 11 --queue 5 --threads 3 --timeout 7 --long-timeout 8 --max-pixels 9"
    )
    assert runner.invoke(app, ["serve", "--model", toy, *options.split()]).exit_code == 0
    service = ran[0][0].state.service
    assert service.limits == Limits(2**20, 2, 5, 3, 7, 8, 11)
    assert service.detector.preprocessor.max_pixels == 9_000_000


def test_the_environment_sets_options_and_the_key(toy: str, ran: list[Any]) -> None:
    given = {KEY: "secret", "DEEPFAKE_DETECTOR_MODEL": toy, "DEEPFAKE_DETECTOR_PORT": "81"}
    assert runner.invoke(app, ["serve"], env=given).exit_code == 0
    assert ran[0][0].state.api_key == "secret"
    assert ran[0][2] == 81


def test_an_open_address_without_a_key_is_warned_of(toy: str, ran: list[Any]) -> None:
    open_ = ["serve", "--model", toy, "--host", "0.0.0.0"]
    assert "no API key" in runner.invoke(app, open_).stderr
    assert "Warning" not in runner.invoke(app, open_, env={KEY: "secret"}).stderr
    assert "Warning" not in runner.invoke(app, ["serve", "--model", toy]).stderr
    assert len(ran) == 3


@pytest.mark.parametrize("wrong", [["--model", "none"], ["--queue", "4"], ["--threshold", "2"], ["--port", "70000"]])
def test_wrong_usage_is_exit_code_two(toy: str, ran: list[Any], wrong: list[str]) -> None:
    assert runner.invoke(app, ["serve", "--model", toy, *wrong]).exit_code == 2
    assert ran == []


def test_an_empty_key_is_no_key_and_is_refused(toy: str, ran: list[Any]) -> None:
    result = runner.invoke(app, ["serve", "--model", toy], env={KEY: ""})
    assert (result.exit_code, ran) == (2, [])
    assert "empty" in result.stderr


def test_a_missing_extra_says_how_to_get_it(toy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from deepfake_detector import extras

    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    result = runner.invoke(app, ["serve", "--model", toy])
    assert result.exit_code == 2
    assert "pip install 'deepfake-detection[web]'" in result.stderr


def test_every_limit_stands_in_the_reference() -> None:
    text = (Path(__file__).parents[1] / "docs" / "rest.md").read_text(encoding="utf-8")
    for option in serve.params:
        assert f"`{option.opts[0]}" in text, option.name


@dataclass
class Running:
    """A service in a process of its own."""

    process: subprocess.Popen[str]
    port: int
    log: list[str] = field(default_factory=list)

    def stop(self) -> str:
        """End it as an operating system would; what it logged."""
        self.process.send_signal(signal.SIGTERM)
        _, rest = self.process.communicate(timeout=60)
        return "".join(self.log) + rest


@pytest.fixture()
def running(toy: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "deepfake_detector", "serve", "--port", "0", "--model", toy, "--max-body", "2"]
    environment = {**os.environ, KEY: "sesame"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    log = []
    assert process.stderr
    for line in process.stderr:
        log.append(line)
        if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", line):
            break
    else:
        raise AssertionError("".join(log))
    yield Running(process, int(found[1]), log)
    if process.poll() is None:
        process.kill()
        process.wait()


def test_the_real_service(running: Running) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{running.port}", headers={"X-API-Key": "sesame"}) as client:
        answer = client.post("/v1/predict", files={"f": ("secret-name.png", flat(255))})
        assert (answer.status_code, answer.json()["verdict"]) == (200, "fake")
        assert "server" not in answer.headers
        assert client.get("/readyz").status_code == 200
        assert client.get("/secret-path").status_code == 404

        def endless() -> Iterator[bytes]:
            for _ in range(100):
                yield b"\0" * 2**20

        large = client.post("/v1/predict", content=b"\0" * 100 * 2**20)
        assert (large.status_code, large.json()["code"]) == (413, "BodyTooLarge")
        large = client.post("/v1/predict", content=endless())
        assert (large.status_code, large.json()["code"]) == (413, "BodyTooLarge")
        assert client.post("/v1/predict", content=flat(0)).json()["verdict"] == "real"
    log = running.stop()
    assert "/v1/predict 200" in log
    assert "secret" not in log
    assert "Application shutdown complete" in log


def test_a_request_in_hand_is_answered_before_the_end(running: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    body = flat(255)
    connection.putrequest("POST", "/v1/predict")
    connection.putheader("X-API-Key", "sesame")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    connection.send(body[:100])
    other = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    figures = b""
    while b"queue_depth 1.0" not in figures:  # until the first has taken its place
        other.request("GET", "/metrics", headers={"X-API-Key": "sesame"})
        figures = other.getresponse().read()
    running.process.send_signal(signal.SIGTERM)
    connection.send(body[100:])
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["verdict"]) == (200, "fake")
    running.stop()
