"""The bar of a scan on a terminal: how far, how fast, how long yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..extras import require


@contextmanager
def bar() -> Iterator[Callable[[int, int], object]]:
    """Show a bar on standard error; gives the function that ``scan`` takes as ``watch``. Raises MissingExtra."""
    require("scan", "rich")
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f} pictures/s" if task.speed else "")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("listing", total=None)

        def watch(done: int, total: int) -> None:
            progress.update(task, description="scanning", completed=done, total=total)

        yield watch
