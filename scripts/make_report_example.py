"""Make the picture of a report for docs/reports.md from a freely licensed picture in examples/.

python scripts/make_report_example.py            # after the weights or the layout have changed; needs chromium
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from deepfake_detector import DeepfakeDetector
from deepfake_detector.report import examine_case, html

ROOT = Path(__file__).parents[1]
PICTURE = "examples/fake-hopper-as-collins.jpg"
OUT = ROOT / "docs" / "report-example.jpg"
SIZE = {"width": 760, "height": 1480}


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    case = examine_case(DeepfakeDetector(), ROOT / PICTURE, PICTURE)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        page.write_text(html([case], f"deepfake-detector report {PICTURE} --out report.html"), encoding="utf-8")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
            view = browser.new_page(viewport=SIZE)
            view.goto(page.as_uri())
            view.screenshot(path=OUT, type="jpeg", quality=62)
            browser.close()
    print(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
