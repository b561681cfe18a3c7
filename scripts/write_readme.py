"""Write the README's measured parts: the output of its first command, and the figures that scripts/measure.py left.

python scripts/write_readme.py            # after make_default_bundle.py and measure.py
"""

from __future__ import annotations

import argparse
import json
import os
import re
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from write_model_card import made, readings, span

from deepfake_detector.cli.app import app
from deepfake_detector.models.bundle import SHIPPED, Bundle
from deepfake_detector.train.bundles import LEFT_OUT

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def between(text: str, name: str, content: str) -> str:
    """``text`` with ``content`` between the marks of ``name``. Raises ValueError where the marks are missing."""
    found = re.search(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", text, re.DOTALL)
    if not found:
        raise ValueError(f"README.md has no marks for {name!r}")
    return text[: found.end(1)] + content + text[found.start(2) :]


def output() -> str:
    os.chdir(ROOT)
    return f"```\n{CliRunner().invoke(app, ['predict', 'examples/']).stdout}```\n"


def figures() -> str:
    read: dict[str, Any] = {
        name: json.loads((ROOT / f"docs/figures-{name}.json").read_text(encoding="utf-8")) for name in SHIPPED
    }
    default = read["default"]
    alarms = ", ".join(
        f"{100 * entry['share']:.1f} % ({name}, {entry['pictures']} pictures)"
        for name, entry in default["false_alarms"].items()
    )
    left_out = Bundle.load("default").about["figures"][LEFT_OUT]["mean over sources"]["stacked"]
    return f"""{readings(read)}

Of authentic pictures in the test split, `default` gives `prediction` "Fake" to {alarms}. It reaches a
verdict on {span(default["coverage"], "share", percent=True)} of the pictures, and {
        span(default["error_where_conclusive"], "share", percent=True)
    } of those verdicts are wrong. These are new pictures of sources it knows (all but
`unseen-stylegan2`); on forgeries of sources left out of training the mean AUC is only {left_out:.2f}, so expect it to
miss many of what it has never seen. {made(read)}
"""


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    text = README.read_text(encoding="utf-8")
    for name, content in (("output", output()), ("figures", figures())):
        text = between(text, name, content)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
