// What stands beside the score: where the answer comes from, and where the file comes from.

import { explain, provenance, report } from "./api.js";
import { bdi, h, say } from "./dom.js";
import { slider } from "./figure.js";
import { FINDINGS, ORIGINS } from "./words.js";

// Asked once a picture and question, however often the picture is looked at.
function once(picture, name, ask) {
  if (!picture.answers.has(name)) {
    const answer = ask();
    answer.catch(() => picture.answers.delete(name)); // to be asked again next time
    picture.answers.set(name, answer);
  }
  return picture.answers.get(name);
}

const wait = (words) => h("p", { class: "soft busy" }, words);

// Fills the element when the answer comes, unless another is wanted by then; where the service has no such route the
// panel goes.
async function fill(element, answer, parts, wanted = () => true) {
  try {
    const known = await answer;
    if (wanted()) element.replaceChildren(...parts(known));
  } catch (error) {
    if (error.status === 404) element.closest("[data-panel]").hidden = true;
    else if (wanted()) element.replaceChildren(h("p", { class: "notice" }, error.message));
  }
}

function legend() {
  const swatch = (kind, words) => h("li", {}, h("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), words);
  return h(
    "ul",
    { class: "legend" },
    swatch("fake", "orange-red: speaks for fake"),
    swatch("real", "blue: speaks for real"),
  );
}

// The heat map of the verdict or, where chosen, of one face or of the whole picture.
export function explanationPanel(picture, prediction, stage) {
  const body = h("div");
  const load = (of) => {
    body.replaceChildren(wait("Looking for the parts that decided …"));
    const answer = once(picture, `explain ${of}`, () => explain(picture.file, of));
    latest = answer;
    const shown = (explanation) => [
      slider(stage.lay(explanation)),
      legend(),
      h("p", {}, explanation.words),
      ...explanation.warnings.map((warning) => h("p", { class: "notice" }, warning)),
      h(
        "p",
        { class: "soft" },
        "The dashed square is what was looked into. “Points” are percentage points of the score. " +
          "The map shows what moved the score, which need not be what was altered.",
      ),
    ];
    fill(body, answer, shown, () => latest === answer);
    answer.then(
      () => latest === answer && body.isConnected && say(`The heat map of ${names.get(of)} is there.`),
      () => {},
    );
  };
  let latest = null;
  const scored = prediction.faces.flatMap((face, index) => (face.score === null ? [] : [index]));
  const names = new Map([
    ["verdict", "the verdict"],
    ...scored.map((index) => [String(index), `face ${index + 1}`]),
    ["scene", "the whole picture"],
  ]);
  const choice = h(
    "select",
    { id: "of", onchange: () => load(choice.value) },
    ...Array.from(names, ([value, name]) => h("option", { value }, name)),
  );
  load("verdict");
  return h(
    "section",
    { class: "panel", "data-panel": "explanation" },
    h(
      "div",
      { class: "row" },
      h("h3", {}, "Where the answer comes from"),
      h("span", {}, h("label", { for: "of" }, "Explain "), choice),
    ),
    body,
  );
}

function finding(found) {
  const details = Object.entries(found.details);
  const line = (name, text) => [h("dt", {}, name), h("dd", {}, bdi(text))];
  return h(
    "li",
    { class: `finding ${found.origin}` },
    h(
      "h4",
      {},
      FINDINGS[found.kind] ?? found.kind,
      " ",
      h("span", { class: "origin" }, ORIGINS[found.origin] ?? found.origin),
    ),
    h("p", {}, bdi(found.says)),
    h("dl", {}, ...line("What it proves", found.proves), ...line("What it does not prove", found.limits)),
    details.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, "As written in the file"),
        h(
          "dl",
          { class: "raw" },
          ...details.flatMap(([name, value]) => [h("dt", {}, bdi(name)), h("dd", {}, bdi(String(value)))]),
        ),
      ),
  );
}

export function provenancePanel(picture) {
  const body = h("div", {}, wait("Reading what the file says of itself …"));
  const panel = h(
    "section",
    { class: "panel", "data-panel": "provenance" },
    h("h3", {}, "Where the file says it comes from"),
    h(
      "p",
      { class: "soft" },
      "Evidence beside the score, never part of it. Unless it is signed, anyone can have written it.",
    ),
    body,
  );
  fill(
    body,
    once(picture, "provenance", () => provenance(picture.file)),
    (known) => [
      known.findings.length
        ? h("ul", { class: "findings" }, ...known.findings.map(finding))
        : h("p", {}, "Nothing was found, and that proves nothing: messengers and social networks remove such data."),
      ...known.notes.map((note) => h("p", { class: "notice" }, bdi(note))),
      h(
        "p",
        { class: "soft" },
        `Format: ${known.format ?? "unknown"}. SHA-256 of the file: `,
        h("code", {}, known.sha256 ?? "none"),
      ),
    ],
  );
  return panel;
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export function reportButton(picture) {
  const note = h("span", { class: "soft", role: "status" });
  const button = h("button", { type: "button", class: "button primary" }, "Download the report");
  const panel = h("p", { class: "row", "data-panel": "report" }, button, note);
  button.addEventListener("click", async () => {
    button.disabled = true;
    note.textContent = "Writing the report …";
    try {
      save(await report(picture.file), `report-${picture.name.replace(/\.[^.]*$/, "") || "picture"}.html`);
      note.textContent = "Saved: one HTML file that opens anywhere.";
    } catch (error) {
      note.textContent = error.status === 404 ? "This service writes no reports." : `No report. ${error.message}`;
    }
    button.disabled = false;
    button.focus();
  });
  return panel;
}
