// The page: ways in (choose, drop, paste), the list of pictures, and the one that is looked at.

import { begin, model, predict, wireKeyDialog } from "./api.js";
import { bdi, h, icon, say } from "./dom.js";
import { explanationPanel, provenancePanel, reportButton } from "./evidence.js";
import { stage } from "./figure.js";
import { faces, technical, verdict } from "./verdict.js";
import { VERDICTS, counted, percent, probability } from "./words.js";

const by = (id) => document.getElementById(id);
const pictures = [];
let chosen = null;
let service = null; // what /v1/model says, once it has answered
let asked = null;

// Words about the service are wanted before the first picture; a service that cannot give them fails on the picture.
function known() {
  asked ??= model().then(
    (said) => {
      service = said;
      about();
    },
    () => {
      asked = null;
    },
  );
  return asked;
}

function about() {
  const limits = service.about?.limits ?? [];
  if (!limits.length) return;
  by("about").replaceChildren(
    h("h2", {}, "What no result on this page can tell"),
    h("ul", {}, ...limits.map((limit) => h("li", {}, limit))),
    h("p", { class: "soft" }, `Model: ${service.name} ${service.version}.`),
  );
}

function stateOf(picture) {
  if (picture.prediction) return [picture.prediction.verdict, VERDICTS[picture.prediction.verdict].title];
  if (picture.problem) return ["failed", "Not judged"];
  return ["working", picture.note];
}

function spoken(picture) {
  const [, words] = stateOf(picture);
  const more = picture.prediction
    ? `probability of fake ${percent(probability(picture.prediction))}`
    : picture.problem.message;
  return `${picture.name}: ${words}, ${more}`;
}

function judge(picture) {
  Object.assign(picture, { prediction: null, problem: null, note: "Waiting …" });
  const busy = (seconds) => {
    picture.note = `The service is busy; trying again in ${seconds} s …`;
    update(picture);
  };
  update(picture);
  known()
    .then(() =>
      predict(picture.file, picture.gone.signal, busy, () => {
        picture.note = "Looking …";
        update(picture);
      }),
    )
    .then(
      (prediction) => {
        picture.prediction = prediction;
      },
      (problem) => {
        picture.problem = problem;
      },
    )
    .then(() => {
      if (!pictures.includes(picture)) return;
      say(spoken(picture));
      update(picture);
    });
}

function add(files) {
  const fresh = Array.from(files, (file) => ({
    file,
    name: file.name || "pasted picture",
    url: URL.createObjectURL(file),
    answers: new Map(),
    gone: new AbortController(),
  }));
  if (!fresh.length) return;
  begin();
  for (const picture of fresh) {
    pictures.push(picture);
    const thumb = h("img", { class: "thumb", alt: "", src: picture.url, loading: "lazy", decoding: "async" });
    thumb.addEventListener("error", () => thumb.replaceWith(h("span", { class: "thumb" })));
    picture.said = h("span", { class: "said" });
    picture.item = h(
      "button",
      { type: "button", class: "item", onclick: () => choose(picture, true) },
      thumb,
      picture.said,
    );
    by("list").append(h("li", {}, picture.item));
    judge(picture);
  }
  choose(fresh[0], false);
}

function update(picture) {
  const [state, words] = stateOf(picture);
  const score = picture.prediction ? `${percent(probability(picture.prediction))} fake` : "";
  picture.said.replaceChildren(
    h("span", { class: "name" }, bdi(picture.name)),
    h("span", { class: `state ${state}` }, icon(state), words),
    h("span", { class: "soft" }, score),
  );
  if (picture === chosen) show(picture);
  summary();
}

function summary() {
  by("work").hidden = !pictures.length;
  by("pictures").hidden = pictures.length < 2;
  by("work").classList.toggle("many", pictures.length > 1);
  const tally = (test) => pictures.filter(test).length;
  const parts = Object.entries(VERDICTS).map(([name, words]) => [
    tally((one) => one.prediction?.verdict === name),
    words.title.toLowerCase(),
  ]);
  parts.push([tally((one) => one.problem), "not judged"], [tally((one) => !one.prediction && !one.problem), "to come"]);
  const told = parts.filter(([number]) => number).map(([number, words]) => `${number} ${words}`);
  by("summary").textContent = `${counted(pictures.length, "picture", "pictures")}: ${told.join(", ")}.`;
}

function choose(picture, focus) {
  chosen = picture;
  for (const one of pictures) one.item.setAttribute("aria-current", one === picture ? "true" : "false");
  show(picture);
  if (focus) by("result-name").focus();
}

// The picture that is looked at. It is drawn again when its state changes, so focus inside it moves to its heading.
function show(picture) {
  const held = by("result").contains(document.activeElement);
  const heading = h("h2", { id: "result-name", tabindex: -1 }, bdi(picture.name));
  const seen = stage(picture);
  const parts = picture.prediction ? answered(picture, seen) : unanswered(picture, seen);
  by("result").replaceChildren(heading, ...parts);
  if (held) heading.focus();
}

function unanswered(picture, seen) {
  const { problem } = picture;
  const said = problem
    ? [
        h("p", { class: "verdict failed" }, icon("failed"), h("strong", {}, "Not judged")),
        h("p", {}, problem.message),
        h("p", { class: "soft" }, "That is no verdict: it speaks neither for real nor for fake."),
        problem.mayPass && h("button", { type: "button", class: "button", onclick: () => again(picture) }, "Try again"),
      ]
    : [h("p", { class: "verdict working" }, icon("working"), h("strong", {}, picture.note))];
  return [
    h(
      "div",
      { class: "answer short" },
      h("div", { class: "panel" }, ...said.filter(Boolean)),
      h("div", { class: "panel" }, seen.element),
    ),
  ];
}

function again(picture) {
  begin();
  judge(picture);
}

function answered(picture, seen) {
  const { prediction } = picture;
  const said = service ?? {};
  const control = seen.mark(prediction);
  return [
    h(
      "div",
      { class: "answer" },
      h("div", { class: "panel" }, ...verdict(prediction, said).filter(Boolean), reportButton(picture)),
      h(
        "div",
        { class: "side" },
        h("div", { class: "panel" }, seen.element, control ?? ""),
        explanationPanel(picture, prediction, seen),
      ),
      h("section", { class: "panel" }, h("h3", {}, "Faces"), faces(prediction, said)),
    ),
    provenancePanel(picture),
    h("section", { class: "panel" }, technical(prediction, said)),
  ];
}

function clear() {
  for (const picture of pictures) {
    picture.gone.abort();
    URL.revokeObjectURL(picture.url);
  }
  pictures.length = 0;
  chosen = null;
  by("list").replaceChildren();
  by("result").replaceChildren();
  say("The list is empty.");
  summary();
  by("files").focus();
}

function wireWaysIn() {
  by("files").addEventListener("change", (event) => {
    add(event.target.files);
    event.target.value = ""; // the same file may be chosen again
  });
  document.addEventListener("paste", (event) => add(event.clipboardData?.files ?? []));
  const carriesFiles = (event) => Array.from(event.dataTransfer?.types ?? []).includes("Files");
  let inside = 0; // every element on the way tells of entering and leaving
  const mark = (change) => {
    inside = Math.max(0, change === 0 ? 0 : inside + change);
    by("drop").hidden = inside === 0;
  };
  document.addEventListener("dragenter", (event) => carriesFiles(event) && mark(1));
  document.addEventListener("dragleave", (event) => carriesFiles(event) && mark(-1));
  document.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    mark(0);
    add(event.dataTransfer.files);
  });
}

wireKeyDialog();
wireWaysIn();
by("clear").addEventListener("click", clear);
known();
