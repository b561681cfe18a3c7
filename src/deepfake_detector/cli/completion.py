"""``deepfake-detector completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that completes this command in SHELL.

    For bash: deepfake-detector completion bash >> ~/.bashrc
    """
    command = context.find_root().command
    script = get_completion_class(shell)
    assert script is not None, f"click knows {shell}"  # the choice above is the list of those it knows
    click.echo(script(command, {}, "deepfake-detector", "_DEEPFAKE_DETECTOR_COMPLETE").source())
