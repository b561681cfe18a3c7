"""``deepfake-detector info``."""

from __future__ import annotations

import json
from typing import Any

import click

from ..models.bundle import Bundle
from .outputs import printable_lines, wrong_usage


@click.command()
@click.option("--model", default="default", help="default, fast, or a file written by save_model.")
@click.option("--json", "as_json", is_flag=True, help="The whole manifest as JSON.")
def info(model: str, as_json: bool) -> None:
    """Print the model card: members, data, figures, licences, limits."""
    with wrong_usage():
        bundle = Bundle.load(model)
    if as_json:
        click.echo(json.dumps(bundle.manifest(), ensure_ascii=False, indent=2))
        return
    size = sum(len(data) for data in bundle.graphs.values()) / 2**20
    _say(f"{bundle.name} {bundle.version}: {len(bundle.cards)} members, {size:.1f} MiB of weights")
    for card in bundle.cards:
        graph = f"{card.encoder} + {card.graph}" if card.encoder else card.graph
        _say(f"\n{card.name} ({graph})")
        _say(f"  looks at       {card.region}, {card.side} x {card.side} pixels, {card.sampling}")
        for name, value in (
            ("architecture", card.architecture),
            ("pre-training", card.pretraining),
            ("trained on", card.training_data),
            ("licence", card.licence),
        ):
            _say(f"  {name:<14} {value}")
        _section(card.figures, "  ")
    for heading, content in bundle.about.items():
        _say(f"\n{heading}")
        _section(content, "  ")


def _say(text: str) -> None:
    """Names and cards are what whoever made the file wrote."""
    click.echo(printable_lines(text))


def _section(content: Any, indent: str) -> None:
    """Nested plain data as indented lines."""
    if isinstance(content, dict):
        for key, value in content.items():
            if isinstance(value, (dict, list)):
                _say(f"{indent}{key}")
                _section(value, indent + "  ")
            else:
                _say(f"{indent}{key:<32} {value}")
    elif isinstance(content, list):
        for value in content:
            _say(f"{indent}- {value}")
    else:
        _say(f"{indent}{content}")
