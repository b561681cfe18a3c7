"""What the pages of docs/ show can be typed, what they say is so, and the site made of them asks nothing of others."""

import ast
import os
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import get_args

import click
import pytest
from click.testing import CliRunner
from PIL import Image

import deepfake_detector
from deepfake_detector import DeepfakeDetector
from deepfake_detector.cli.app import app
from deepfake_detector.ensemble.policy import POOR_QUALITY, Condition, Policy
from deepfake_detector.models.bundle import SHIPPED, Bundle
from deepfake_detector.types import FAMILIES, REASONS, Pixels

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
NAMES = [page.name for page in PAGES]
GENERATED = {"cli.md": "write_cli_reference.py", "api.md": "write_api_reference.py"}


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text(name), re.DOTALL | re.MULTILINE)


def rows(name: str, heading: str) -> list[list[str]]:
    """The cells of the last table below a heading."""
    part = text(name).split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    body = lines[max(i for i, line in enumerate(lines) if set(line) <= set("|- :")) + 1 :]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in body]


def typed(name: str) -> list[list[str]]:
    """The arguments of every deepfake-detector command that a page shows; a line of usage is not typed as it stands."""
    lines = "\n".join(blocks(name, "bash") + blocks(name, "console")).replace("\\\n", " ").splitlines()
    lines += re.findall(r"`(deepfake-detector [^`\n]*)`", text(name))
    commands = [
        line.split("deepfake-detector ", 1)[1] for line in lines if re.search(r"(^|[ |])deepfake-detector ", line)
    ]
    found = []
    for words in (shlex.split(command, comments=True) for command in commands if "[--" not in command):
        end = next((i for i, word in enumerate(words) if word in ("|", ">", ">>", "&&", "&")), len(words))
        found.append(words[:end])
    return [words for words in found if words and "..." not in " ".join(words)]


@pytest.mark.parametrize("script", GENERATED.values())
def test_references_are_fresh(script: str) -> None:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / script), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_references_hold_every_name() -> None:
    for name in deepfake_detector.__all__:
        assert name == "__version__" or f"\n### {name}\n" in text("api.md"), name
    for name, command in app.commands.items():
        section = text("cli.md").split(f"\n## deepfake-detector {name}\n")[1].split("\n## ")[0]
        for option in (each for each in command.params if isinstance(each, click.Option) and not each.hidden):
            assert f"| `{option.opts[0]}`" in section, (name, option.opts)


@pytest.mark.parametrize("name", NAMES)
def test_every_python_block_parses_and_imports_what_there_is(name: str) -> None:
    if name in GENERATED:  # signatures, no statements
        return
    for block in blocks(name, "python"):
        for node in ast.walk(ast.parse(block, name)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("deepfake_detector"):
                for alias in node.names:
                    assert hasattr(import_module(node.module or ""), alias.name), alias.name


@pytest.mark.parametrize("name", NAMES)
def test_every_command_can_be_typed(name: str) -> None:
    if name in GENERATED:
        return
    for words in typed(name):
        command: click.Command = app
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            assert words[0] in command.commands, words
            command, words = command.commands[words[0]], words[1:]
        context = click.Context(command, **app.context_settings)
        given, _, _ = command.make_parser(context).parse_args(words)  # raises on an option that does not exist
        for parameter in command.params:
            if isinstance(parameter.type, click.Choice) and isinstance(given.get(parameter.name or ""), str):
                parameter.type.convert(given[parameter.name or ""], parameter, context)


def test_commands_are_found_at_all() -> None:
    assert len(typed("index.md")) >= 7
    assert ["predict", "photo.jpg", "folder/", "*.png"] in typed("index.md")


@pytest.mark.parametrize("name", ["index.md", "scores.md", "faq.md"])
def test_the_python_that_is_shown_runs(
    name: str,
    tmp_path: Path,
    hopper: Pixels,
    toy: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """On the toy bundle: which numbers come out is not the point."""
    for file in ("photo.jpg", "group.jpg"):
        Image.fromarray(hopper).save(tmp_path / file)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(deepfake_detector, "DeepfakeDetector", lambda model="default": DeepfakeDetector(toy))
    shown = blocks(name, "python")
    assert shown
    for block in shown:
        exec(compile(block, name, "exec"), {})
    assert capsys.readouterr().out


def test_the_output_that_is_shown_is_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words to the letter, percentages to a point: processors round differently."""
    monkeypatch.chdir(ROOT)
    (block,) = blocks("index.md", "console")
    command, pasted = block.removeprefix("$ deepfake-detector ").split("\n", 1)
    printed = CliRunner().invoke(app, shlex.split(command)).stdout
    ours, theirs = pasted.split(), printed.split()
    assert len(ours) == len(theirs) > 20
    for a, b in zip(ours, theirs, strict=True):
        assert a == b or float(a) == pytest.approx(float(b), abs=1)


def test_every_reason_is_explained_in_its_own_words() -> None:
    widens = {
        **dict.fromkeys(POOR_QUALITY | {"members_disagree"}, "the wide band"),
        **dict.fromkeys(Bundle.load("default").ensemble["policy"]["conditions"], "its own band"),
        "no_detail": "always inconclusive",
    }
    assert rows("scores.md", "Reasons") == [
        [reason, words, widens.get(reason, "")] for reason, words in REASONS.items()
    ]


def test_every_family_is_explained() -> None:
    kinds = text("scores.md").split("\n## Kinds\n")[1].split("\n## ")[0]
    assert re.findall(r"^- `(\w+)`:", kinds, re.MULTILINE) == list(FAMILIES)


def test_the_thresholds_and_bands_are_those_of_the_bundles() -> None:
    policies = [Policy.from_dict(Bundle.load(name).ensemble["policy"]) for name in SHIPPED]
    rates = [rate for rate, _ in policies[0].operating_points]
    assert rows("scores.md", "The threshold") == [
        [f"{rate:g}", *(f"{policy.threshold_for(rate):.3f}" for policy in policies)] for rate in rates
    ]
    bands = [("band", [policy.band for policy in policies]), ("wide band", [policy.poor_band for policy in policies])]
    for name in get_args(Condition):
        known = [policy.conditions.get(name) for policy in policies]
        bands.append((name, [each and each.band for each in known]))
    assert rows("scores.md", "Inconclusive") == [
        [heading, *("{:g} to {:g}".format(*band) if band else "" for band in by_bundle)] for heading, by_bundle in bands
    ]


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_to_files_also_on_a_code_host(name: str) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", text(name)):
        assert re.match(r"https?://", target) or (DOCS / target).exists(), target


class Requests(HTMLParser):
    """What a browser fetches to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "link":
            self.urls.append(values.get("href") or "")
        elif tag != "a":
            self.urls += [value for key in ("src", "srcset", "data", "poster") if (value := values.get(key))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As CI builds it; strict, so a link or an anchor that leads nowhere fails."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_site_asks_nothing_of_other_servers(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        html = page.read_text(encoding="utf-8")
        requests = Requests()
        requests.feed(html)
        assert len(requests.urls) > 3
        assert [url for url in requests.urls if re.match(r"(https?:)?//", url)] == [], page
        assert "mermaid" not in html, "its renderer would be fetched from elsewhere"
    for style in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", style.read_text(encoding="utf-8")), style


def test_files_of_the_repository_that_pages_link_to_come_along(site: Path) -> None:
    assert 'href="repository/examples/NOTICE.html"' in (site / "explanations.html").read_text(encoding="utf-8")
    assert "skimage" in (site / "repository/examples/NOTICE.html").read_text(encoding="utf-8")
    notebook = ROOT / "notebooks/kaggle.ipynb"
    assert (site / "repository/notebooks/kaggle.ipynb").read_bytes() == notebook.read_bytes()
