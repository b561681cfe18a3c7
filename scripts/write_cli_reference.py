"""Write docs/cli.md, the reference of the command line, from the commands themselves.

python scripts/write_cli_reference.py            # --check only says whether the page is up to date
"""

from __future__ import annotations

import re

import click
from pages import DOCS, keep, prose, table

from deepfake_detector.cli.app import app

PAGE = DOCS / "cli.md"
NAME = "deepfake-detector"


def page() -> str:
    context = click.Context(app, info_name=NAME, **app.context_settings)
    parts = [
        "# Command line",
        "<!-- Written by scripts/write_cli_reference.py; change that, or the command, not this. -->",
        prose(app.help or ""),
        table(
            ["command", "what it does"],
            [
                [f"[`{name}`](#{NAME}-{name})", prose(command.get_short_help_str(200))]
                for name, command in app.commands.items()
            ],
        ),
        f"`{NAME} --help` and `{NAME} COMMAND --help` print what stands here; `{NAME} --version` prints the version.",
        prose(app.epilog or ""),
        *(section for name, command in app.commands.items() for section in sections(command, name, context)),
    ]
    return "\n\n".join(parts) + "\n"


def sections(command: click.Command, name: str, parent: click.Context) -> list[str]:
    """One command and the commands below it."""
    context = click.Context(command, parent=parent, info_name=name)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    found = [f"## {context.command_path}", prose(command.help or ""), f"```\n{usage}\n```"]
    options = [option for option in command.params if isinstance(option, click.Option) and not option.hidden]
    if options:
        found.append(table(["option", "takes", "what it does", "default"], [row(o, context) for o in options]))
    if isinstance(command, click.Group):
        for below, subcommand in command.commands.items():
            found += sections(subcommand, below, context)
    return found


def row(option: click.Option, context: click.Context) -> list[str]:
    """Names, values and bounds, help, and the default, which click knows or the help text says in brackets."""
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    if option.is_flag or option.count:
        takes = ""
    elif isinstance(option.type, click.Choice):
        takes = ", ".join(f"`{choice}`" for choice in option.type.choices)
    else:
        takes = f"`{option.make_metavar(context)}`".replace("|", "`, `")
    click_says = option.get_help_extra(context)
    text, ours = re.fullmatch(r"(.*?)(?:\s*\[default: (.*)\])?", option.help or "", re.DOTALL).groups()  # type: ignore[union-attr]
    bounds = [said for said in (click_says.get("range"), click_says.get("required")) if said]
    return [
        names,
        ", ".join(filter(None, [takes, *bounds])),
        prose(text),
        prose(click_says.get("default") or ours or ""),
    ]


if __name__ == "__main__":
    keep(PAGE, page, __doc__)
