"""Make the picture of the page for the README from a freely licensed picture in examples/.

python scripts/make_page_example.py            # after the weights or the layout have changed; needs chromium
"""

from __future__ import annotations

import argparse
import shutil
import threading
import time
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from deepfake_detector import DeepfakeDetector
from deepfake_detector.web import create_app

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "examples" / "fake-collins-as-hopper.jpg"
OUT = ROOT / "docs" / "page.jpg"
SIZE = {"width": 1280, "height": 1180}
SCALE = 900 / 1280  # the README shows it 900 pixels wide
PATIENCE = 60_000  # milliseconds


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    config = uvicorn.Config(create_app(DeepfakeDetector()), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise SystemExit("the service did not start")
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, device_scale_factor=SCALE)
        page.goto(f"http://127.0.0.1:{port}/")
        page.locator("input[type=file]").set_input_files(PICTURE)
        page.get_by_text("Where the answer comes from").wait_for(timeout=PATIENCE)
        page.get_by_text("Speaks for fake").first.wait_for(timeout=PATIENCE)
        page.screenshot(path=OUT, type="jpeg", quality=80)
        browser.close()
    server.should_exit = True
    thread.join(20)
    print(f"{OUT.relative_to(ROOT)}: {OUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
