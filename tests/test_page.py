"""The page, in a real browser (Debian's chromium) against the real service; and what its files may not hold.

Screenshots go to the folder that DEEPFAKE_SCREENSHOTS names, else to a temporary one.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import uvicorn
from fakes import FixedFaces, grey
from PIL import Image

from deepfake_detector import DeepfakeDetector
from deepfake_detector.provenance.base import KINDS, ORIGINS
from deepfake_detector.types import FAMILIES, Face, Prediction
from deepfake_detector.web import Limits, create_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page, Route

CHROMIUM = Path("/usr/bin/chromium")
STATIC = Path(__file__).parents[1] / "src/deepfake_detector/web/static"
EXAMPLES = Path(__file__).parents[1] / "examples"
FAKE, REAL, UNSURE = (EXAMPLES / f"{name}.jpg" for name in ("fake-collins-as-hopper", "real-coffee", "real-hopper"))
TITLES = {FAKE: "Probably fake", REAL: "Probably authentic", UNSURE: "Cannot tell"}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000  # milliseconds; how long a slow machine may take, not how long it should
LIGHT = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}
DARK = {**LIGHT, "color_scheme": "dark"}
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
LOOKS = {"light": LIGHT, "dark": DARK, "phone": PHONE}
HOSTILE = "<img src=x onerror=alert(1)>.jpg"
MARKUP = "<svg onload=alert(2)><b>Camera</b>"

Open = Callable[..., "Page"]


class Served:
    """The service on a free port, in a thread."""

    def __init__(self, detector: DeepfakeDetector, **options: Any) -> None:
        config = uvicorn.Config(create_app(detector, **options), host="127.0.0.1", port=0, log_level="error")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the service did not start"
            time.sleep(0.02)
        return f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}/"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(20)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"the page is tested with Debian's chromium: apt-get install chromium ({CHROMIUM} is missing)")
    api = pytest.importorskip("playwright.sync_api", reason="the page is tested with playwright: pip install '.[dev]'")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def axe() -> str:
    package = pytest.importorskip(
        "axe_playwright_python", reason="accessibility is tested with axe-core: pip install axe-playwright-python"
    )
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(os.environ.get("DEEPFAKE_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def served(detector: DeepfakeDetector) -> Iterator[str]:
    """The shipped detector."""
    with Served(detector) as address:
        yield address


@pytest.fixture(scope="module")
def judged(detector: DeepfakeDetector) -> dict[Path, Prediction]:
    """What the page must say of the examples."""
    return {path: detector.predict(path) for path in TITLES}


@pytest.fixture(scope="module")
def toy_served(toy: str) -> Iterator[str]:
    """Bright is fake; every picture has two faces, at known places."""
    faces = FixedFaces(Face((10, 20, 60, 80)), Face((70, 20, 110, 60)))
    with Served(DeepfakeDetector(toy, face_detector=faces)) as address:
        yield address


@pytest.fixture()
def visit(chromium: Browser) -> Iterator[Open]:
    """Opens the page; at the end no request may have gone elsewhere, and nothing may have been complained of.

    A refused request is told of by the browser too; ``expected`` has the words of such complaints.
    """
    pages: list[tuple[Page, str, list[str], list[str], tuple[str, ...]]] = []

    def opened(address: str, expected: tuple[str, ...] = (), **look: Any) -> Page:
        page = chromium.new_page(**look)
        asked: list[str] = []
        said: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        pages.append((page, address, asked, said, expected))
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        return page

    yield opened
    for page, address, asked, said, expected in pages:
        page.close()
        assert asked and not [url for url in asked if not url.startswith((address, "blob:", "data:"))]
        assert not [text for text in said if not any(part in text for part in expected)]


def wait_for(locator: Locator, count: int = 1) -> None:
    from playwright.sync_api import expect

    expect(locator).to_have_count(count, timeout=PATIENCE)


def choose(page: Page, *paths: Path) -> None:
    page.set_input_files("#files", [str(path) for path in paths])


def save_with_markup(folder: Path) -> Path:
    """A bright picture whose name and metadata are HTML that would run."""
    path = folder / HOSTILE
    exif = Image.Exif()
    exif[0x010F], exif[0x0131] = MARKUP, MARKUP  # camera maker, software
    Image.fromarray(grey(255)).save(path, exif=exif)
    return path


def save_grey(folder: Path, level: int) -> Path:
    path = folder / f"grey-{level}.png"
    Image.fromarray(grey(level)).save(path)
    return path


def picture_of(page: Page, path: Path) -> None:
    """The whole page, from its top: the list stays in sight and would be taken half-way down."""
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=path, full_page=True)


def violations(page: Page, axe: str) -> list[str]:
    page.evaluate(axe)
    found = page.evaluate("axe.run(document)")["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


# What needs no browser.


def test_the_files_of_the_page_need_nothing_from_elsewhere() -> None:
    names = {path.name for path in STATIC.iterdir()}
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//cdn|@import|url\(", text), path
        for name in re.findall(r'(?:from "\./|static/)([\w.]+)"', text):
            assert name in names, f"{path.name} names {name}"


def test_data_never_becomes_markup_and_the_policy_allows_every_line() -> None:
    html = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)
    for path in STATIC.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function|srcdoc"
        assert not re.search(forbidden, text), path
        assert not re.search(r"[{ ]style:", text), f"{path}: style attributes are refused by the policy"


# With the shipped detector.


@pytest.mark.parametrize("look", LOOKS)
def test_a_fake_a_real_and_an_unclear_picture(
    look: str, served: str, visit: Open, axe: str, shots: Path, judged: dict[Path, Prediction]
) -> None:
    page = visit(served, **LOOKS[look])
    wait_for(page.locator("#about li").first)
    page.screenshot(path=shots / f"{look}-empty.png")
    assert not violations(page, axe)
    page.evaluate(
        """() => {  // all that is said aloud: the word about the heat map may follow at once
            window.heard = [];
            const live = document.getElementById("live");
            const listen = new MutationObserver(() => window.heard.push(live.textContent));
            listen.observe(live, {childList: true, characterData: true, subtree: true});
        }"""
    )
    for path, title in TITLES.items():
        result = judged[path]
        choose(page, path)
        page.get_by_role("heading", name=path.name).wait_for()
        page.locator("#result .verdict", has_text=title).wait_for()
        assert any(title.split()[-1] in text for text in page.evaluate("window.heard"))
        meter = page.get_by_role("meter")
        assert meter.get_attribute("aria-valuenow") == f"{result.score * 100:.0f}"
        assert "threshold 50 %" in meter.inner_text().replace("\u00a0", " ")
        drawn = page.locator("#result rect.box")
        assert drawn.count() == len(result.faces) == (path != REAL)  # a cup of coffee has no face
        for face in result.faces:
            x0, y0, x1, y1 = face.face.box
            for name, value in {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0}.items():
                assert float(drawn.get_attribute(name)) == pytest.approx(value, abs=0.15)
        page.get_by_role("slider", name="Strength of the heat map").wait_for()
        page.locator("#result code").wait_for()
        assert not violations(page, axe)
        assert no_sideways_scroll(page)
        picture_of(page, shots / f"{look}-{path.stem}.png")
    assert page.locator("#list .item").count() == 3
    page.locator("#result").get_by_text("Numbers and members").click()
    page.get_by_text("looks at the whole picture").first.wait_for()
    assert not violations(page, axe)
    assert no_sideways_scroll(page)
    picture_of(page, shots / f"{look}-numbers.png")


def test_slider_report_and_provenance(served: str, visit: Open, tmp_path: Path) -> None:
    page = visit(served, **LIGHT)
    choose(page, FAKE)
    slider = page.get_by_role("slider", name="Strength of the heat map")
    slider.wait_for()
    layer, area = page.locator("#result img.layer"), page.locator("#result svg.area")
    assert layer.evaluate("image => image.complete && image.naturalWidth") > 0
    photo = page.locator("#result img.photo")
    assert layer.bounding_box() == photo.bounding_box()  # it covers the whole picture
    assert layer.evaluate("image => getComputedStyle(image).opacity") == "0.6"
    slider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert layer.evaluate("image => getComputedStyle(image).opacity") == "0.8"
    assert slider.get_attribute("aria-valuetext") == "80 percent"
    page.keyboard.press("Home")
    assert layer.evaluate("image => getComputedStyle(image).opacity") == "0"
    assert not area.is_visible()
    page.get_by_label("Show the faces").uncheck()
    assert not page.locator("#result rect.box").is_visible()
    page.get_by_role("heading", name="Where the file says it comes from").wait_for()
    digest = page.locator("#result code")
    digest.wait_for()
    assert re.fullmatch("[0-9a-f]{64}", digest.inner_text())
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the report").click()
    saved = tmp_path / "report.html"
    download.value.save_as(saved)
    assert download.value.suggested_filename == f"report-{FAKE.stem}.html"
    text = saved.read_text(encoding="utf-8")
    assert text.lower().startswith("<!doctype html>")
    assert "fake" in text.lower() and FAKE.name in text and digest.inner_text() in text


# With the toy detector: how the page works, whatever the verdict.


def test_many_pictures_errors_and_hostile_names(
    toy_served: str, visit: Open, axe: str, shots: Path, tmp_path: Path
) -> None:
    hostile = save_with_markup(tmp_path)
    text = tmp_path / "notes.jpg"
    text.write_text("no picture <b>at all</b>", encoding="utf-8")
    tiny = tmp_path / "tiny.png"
    Image.fromarray(grey(0, 8, 8)).save(tiny)
    page = visit(
        toy_served,
        expected=(
            "status of 415",
            "status of 422",
        ),
        **LIGHT,
    )
    choose(page, save_grey(tmp_path, 0), hostile, save_grey(tmp_path, 128), text, tiny)
    items = page.locator("#list .item")
    wait_for(items, 5)
    wait_for(page.locator("#list .icon.working"), 0)
    words = ["Probably authentic", "Probably fake", "Cannot tell", "Not judged", "Not judged"]
    assert [words[at] in items.nth(at).inner_text() for at in range(5)] == [True] * 5
    told = page.locator("#summary").inner_text()
    assert told == "5 pictures: 1 probably fake, 1 probably authentic, 1 cannot tell, 2 not judged."
    items.nth(1).press("Enter")
    heading = page.locator("#result-name")
    assert heading.inner_text() == HOSTILE
    assert heading.evaluate("node => node === document.activeElement")
    assert items.nth(1).get_attribute("aria-current") == "true"
    page.locator("#result .finding", has_text=MARKUP).first.wait_for()
    assert not page.locator("img[src='x'], [onload], .finding p b").count()
    assert page.locator("#result rect.box.fake").count() == 2
    page.get_by_role("slider").wait_for()
    picture_of(page, shots / "light-list.png")
    items.nth(3).click()
    page.locator("#result").get_by_text("Not a picture of a supported format").wait_for()
    assert "neither for real nor for fake" in page.locator("#result").inner_text()
    assert not page.locator("#result [role=meter]").count()
    assert not violations(page, axe)
    picture_of(page, shots / "light-error.png")
    items.nth(4).click()
    page.locator("#result").get_by_text("8 x 8 pixels are too few to judge").wait_for()
    page.get_by_role("button", name="Clear the list").click()
    assert not page.locator("#work").is_visible()
    assert page.locator("#files").evaluate("node => node === document.activeElement")
    choose(page, hostile)  # the service is alive, and so is the page
    page.locator("#result .verdict.fake").wait_for()


def test_boxes_stand_where_the_faces_are(toy_served: str, visit: Open, tmp_path: Path) -> None:
    page = visit(toy_served, **PHONE)
    choose(page, save_grey(tmp_path, 255))  # 120 x 100
    photo = page.locator("#result img.photo")
    page.locator("#result rect.box").first.wait_for()
    at = photo.bounding_box()
    found = page.locator("#result rect.box").nth(0).bounding_box()
    scale = at["width"] / 120
    assert at["height"] / 100 == pytest.approx(scale, rel=0.02)
    assert found["x"] - at["x"] == pytest.approx(10 * scale, abs=3)  # half a stroke may count
    assert found["y"] - at["y"] == pytest.approx(20 * scale, abs=3)
    assert found["width"] == pytest.approx(50 * scale, abs=6)
    tags = page.locator("#result .tag").all_inner_texts()
    assert [tag.replace("\u00a0", " ") for tag in tags] == ["1: 98 % fake", "2: 98 % fake"]  # 1 / (1 + exp(-4))


def test_the_zone_and_the_words_are_the_services(toy_served: str, visit: Open, tmp_path: Path) -> None:
    """The toy's bands are 0.4 to 0.6, and 0.2 to 0.8 where quality is poor (a face under 40 pixels)."""
    page = visit(toy_served, **LIGHT)
    choose(page, save_grey(tmp_path, 128))
    zone = page.locator("#result .part.inconclusive")
    zone.wait_for()
    style = zone.evaluate("node => [node.style.left, node.style.width]")
    assert style == ["40%", "20%"]
    words = page.evaluate("import('./static/words.js').then(words => JSON.parse(JSON.stringify(words)))")
    assert tuple(words["KINDS"]) == FAMILIES
    assert set(words["VERDICTS"]) == {"fake", "real", "inconclusive"}
    assert set(words["FINDINGS"]) == set(KINDS) and set(words["ORIGINS"]) == set(ORIGINS)
    said = page.evaluate("import('./static/words.js').then(words => [0, 0.004, 0.38, 0.994, 1].map(words.percent))")
    assert [one.replace("\u00a0", " ") for one in said] == ["under 1 %", "under 1 %", "38 %", "99 %", "over 99 %"]


PASTE_OR_DROP = """async ([kind, name]) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  canvas.getContext("2d").fillStyle = "white";
  canvas.getContext("2d").fillRect(0, 0, 64, 64);
  canvas.getContext("2d").fillStyle = "grey"; // of one colour all over nothing is said
  canvas.getContext("2d").fillRect(0, 0, 1, 1);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const carried = new DataTransfer();
  carried.items.add(new File([blob], name, { type: "image/png" }));
  const options = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { ...options, clipboardData: carried })
    : new DragEvent(kind, { ...options, dataTransfer: carried });
  document.querySelector("h1").dispatchEvent(event);
}"""


def test_paste_and_drop(toy_served: str, visit: Open) -> None:
    page = visit(toy_served, **LIGHT)
    page.evaluate(PASTE_OR_DROP, ["paste", "pasted.png"])
    page.locator("#result .verdict.fake").wait_for()
    page.evaluate(PASTE_OR_DROP, ["dragenter", "dropped.png"])
    assert page.locator("#drop").is_visible()
    page.evaluate(PASTE_OR_DROP, ["drop", "dropped.png"])
    assert not page.locator("#drop").is_visible()
    wait_for(page.locator("#list .item"), 2)
    wait_for(page.locator("#list .icon.fake"), 2)
    assert page.locator("#result-name").inner_text() == "dropped.png"


def test_with_the_keyboard_alone(toy_served: str, visit: Open, tmp_path: Path) -> None:
    page = visit(toy_served, **LIGHT)
    page.on("filechooser", lambda chooser: None)  # asked for in time: the browser is told before the key is pressed
    wait_for(page.locator("#about li"))
    page.keyboard.press("Tab")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([str(save_grey(tmp_path, 0)), str(save_grey(tmp_path, 255))])
    wait_for(page.locator("#list .icon.working"), 0)
    page.get_by_role("slider").wait_for()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
    assert {"clear", "Download the report", "boxed", "of", "strength"} <= set(reached)


def test_a_busy_service_is_asked_again_when_it_said(toy_served: str, visit: Open, tmp_path: Path) -> None:
    page = visit(toy_served, expected=("status of 429",), **LIGHT)
    wait_for(page.locator("#about li"))
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    asked: list[str] = []

    def busy_twice(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) <= 2:
            route.fulfill(status=429, headers={"Retry-After": "30"}, content_type="application/problem+json", body="{}")
        else:
            route.continue_()

    page.route("**/v1/predict", busy_twice)
    choose(page, save_grey(tmp_path, 255))
    for times in (1, 2):
        page.locator("#result").get_by_text("The service is busy; trying again in 30 s").wait_for()
        page.clock.run_for(29_000)
        assert len(asked) == times
        with page.expect_response("**/v1/predict"):
            page.clock.run_for(2_000)
    page.locator("#result .verdict.fake").wait_for()
    assert len(asked) == 3


def test_two_at_once_at_most(toy_served: str, visit: Open, tmp_path: Path) -> None:
    page = visit(toy_served, **LIGHT)
    held: list[Route] = []
    page.route("**/v1/predict", lambda route: held.append(route))
    choose(page, *[save_grey(tmp_path, level) for level in (0, 60, 128, 200, 255)])
    wait_for(page.locator("#list .item"), 5)
    for left in (5, 4, 3, 2, 1):
        while len(held) < min(2, left):
            page.wait_for_timeout(20)
        page.wait_for_timeout(100)  # a third would have come by then
        assert len(held) == min(2, left)
        held.pop(0).continue_()
    wait_for(page.locator("#list .icon.working"), 0)


def test_a_list_that_is_cleared_is_not_worked_on(toy_served: str, visit: Open, tmp_path: Path) -> None:
    page = visit(toy_served, **LIGHT)
    asked: list[Route] = []
    cleared = False
    page.route("**/v1/predict", lambda route: route.continue_() if cleared else asked.append(route))
    choose(page, *[save_grey(tmp_path, level) for level in range(0, 200, 20)])
    while len(asked) < 2:
        page.wait_for_timeout(20)
    page.get_by_role("button", name="Clear the list").click()
    cleared = True
    choose(
        page, save_grey(tmp_path, 255)
    )  # its turn comes at once: the two under way are given up, the rest never sent
    page.locator("#result .verdict.fake").wait_for()
    assert len(asked) == 2
    assert not page.locator("#pictures").is_visible()
    for route in asked:
        route.abort()  # let go of; the page gave them up long ago


def test_no_answer_is_said_and_can_be_tried_again(toy_served: str, visit: Open, tmp_path: Path) -> None:
    page = visit(toy_served, expected=("net::ERR_FAILED",), **LIGHT)
    failing = [True]

    def sometimes(route: Route) -> None:
        if failing:
            failing.pop()
            route.abort()
        else:
            route.continue_()

    page.route("**/v1/predict", sometimes)
    choose(page, save_grey(tmp_path, 255))
    page.locator("#result").get_by_text("The service does not answer").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.locator("#result .verdict.fake").wait_for()


def test_routes_that_are_missing_hide_their_panels(toy_served: str, visit: Open, tmp_path: Path) -> None:
    page = visit(toy_served, expected=("status of 404",), **LIGHT)
    for name in ("explain*", "provenance"):
        page.route(f"**/v1/{name}", lambda route: route.fulfill(status=404, body="{}"))
    choose(page, save_grey(tmp_path, 255))
    page.locator("#result .verdict.fake").wait_for()
    for name in ("explanation", "provenance"):
        page.locator(f"[data-panel={name}]").wait_for(state="hidden")


@pytest.mark.parametrize("answer", ["<!doctype html><p>Log in first", '{"verdict": "fa'])
def test_an_answer_that_is_not_the_services_may_be_asked_for_again(
    toy_served: str, visit: Open, tmp_path: Path, answer: str
) -> None:
    page = visit(toy_served, **LIGHT)
    page.route("**/v1/predict", lambda route: route.fulfill(status=200, body=answer))
    choose(page, save_grey(tmp_path, 255))
    page.get_by_text("The answer was cut off, or it is not the service's.").first.wait_for()
    page.unroute("**/v1/predict")
    page.get_by_role("button", name="Try again").first.click()
    page.locator("#result .verdict.fake").wait_for()


def test_a_service_with_a_key_is_given_it(toy: str, visit: Open, axe: str, tmp_path: Path, shots: Path) -> None:
    with Served(DeepfakeDetector(toy), api_key="open sesame") as address:
        page = visit(address, expected=("status of 401",), **LIGHT)
        asked = page.get_by_role("dialog", name="This service needs a key")
        asked.wait_for()
        assert not violations(page, axe)
        page.screenshot(path=shots / "light-key.png")
        page.keyboard.press("Escape")
        asked.wait_for(state="hidden")
        choose(page, save_grey(tmp_path, 255))
        asked.wait_for()
        page.get_by_label("API key").fill("open\u200bsesame")  # as pasted: no header can have it
        page.keyboard.press("Enter")
        assert page.get_by_label("API key").evaluate("field => field.validity.patternMismatch")
        assert asked.is_visible()
        page.get_by_label("API key").fill("open sesame")
        page.keyboard.press("Enter")
        page.locator("#result .verdict.fake").wait_for()
        page.get_by_role("slider").wait_for()


def test_a_picture_chosen_as_the_dialog_closes_asks_for_the_key_again(toy: str, visit: Open) -> None:
    with Served(DeepfakeDetector(toy), api_key="open sesame") as address:
        page = visit(address, expected=("status of 401",), **LIGHT)
        asked = page.get_by_role("dialog", name="This service needs a key")
        asked.wait_for()
        page.evaluate(
            """() => {
                const chosen = new DataTransfer();
                chosen.items.add(new File(["no picture"], "one.png"));
                const files = document.getElementById("files");
                files.files = chosen.files;
                document.getElementById("key-cancel").click();
                files.dispatchEvent(new Event("change"));
            }"""
        )
        asked.wait_for()


def test_a_picture_that_browsers_cannot_show_is_judged_all_the_same(
    toy_served: str, visit: Open, tmp_path: Path
) -> None:
    path = tmp_path / "scan.tif"
    Image.fromarray(np.full((100, 120, 3), 255, np.uint8)).save(path)
    page = visit(toy_served, **LIGHT)
    choose(page, path)
    page.locator("#result").get_by_text("This browser cannot show this kind of picture.").wait_for()
    wait_for(page.locator("#result rect.box"), 2)


def test_a_file_larger_than_the_service_takes_is_not_sent(toy: str, visit: Open, tmp_path: Path) -> None:
    with Served(DeepfakeDetector(toy), limits=Limits(body=100_000)) as address:
        page = visit(address, **LIGHT)
        wait_for(page.locator("#about li"))
        path = tmp_path / "large.jpg"
        path.write_bytes(bytes(100_000))
        choose(page, path)
        page.locator("#result").get_by_text("The file is too large: this service takes at most 0.1 MB.").wait_for()
