"""``deepfake-detector info``."""

from __future__ import annotations

import json
from typing import Any

import typer

from ..errors import ModelError
from ..models.bundle import Bundle


def info(
    model: str = typer.Option("default", help="default, fast, or a file written by save_model."),
    as_json: bool = typer.Option(False, "--json", help="The whole manifest as JSON."),
) -> None:
    """Print the model card: members, data, figures, licences, limits."""
    try:
        bundle = Bundle.load(model)
    except ModelError as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps(bundle.manifest(), ensure_ascii=False, indent=2))
        return
    size = sum(len(data) for data in bundle.graphs.values()) / 2**20
    typer.echo(f"{bundle.name} {bundle.version}: {len(bundle.cards)} members, {size:.1f} MiB of weights")
    for card in bundle.cards:
        graph = f"{card.encoder} + {card.graph}" if card.encoder else card.graph
        typer.echo(f"\n{card.name} ({graph})")
        typer.echo(f"  looks at       {card.region}, {card.side} x {card.side} pixels, {card.sampling}")
        for name, value in (
            ("architecture", card.architecture),
            ("pre-training", card.pretraining),
            ("trained on", card.training_data),
            ("licence", card.licence),
        ):
            typer.echo(f"  {name:<14} {value}")
        _section(card.figures, "  ")
    for heading, content in bundle.about.items():
        typer.echo(f"\n{heading}")
        _section(content, "  ")


def _section(content: Any, indent: str) -> None:
    """Nested plain data as indented lines."""
    if isinstance(content, dict):
        for key, value in content.items():
            if isinstance(value, (dict, list)):
                typer.echo(f"{indent}{key}")
                _section(value, indent + "  ")
            else:
                typer.echo(f"{indent}{key:<32} {value}")
    elif isinstance(content, list):
        for value in content:
            typer.echo(f"{indent}- {value}")
    else:
        typer.echo(f"{indent}{content}")
