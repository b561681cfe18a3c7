// The answer: verdict, bar, reasons, what it means and what it does not.

import { h, icon, svg } from "./dom.js";
import {
  KINDS,
  VERDICTS,
  counted,
  exact,
  likeliest,
  percent,
  probability,
  reason,
  regionName,
  side,
  zone,
} from "./words.js";

const at = (share) => `${(100 * share).toFixed(2)}%`;

function sized(element, from, to) {
  element.style.left = at(from);
  element.style.width = at(to - from);
  return element;
}

function placed(element, share) {
  element.style.setProperty("--at", at(share));
  return element;
}

// From 0 (real) to 100 (fake), with the zone of "cannot tell", the threshold and the score.
export function bar(prediction) {
  const score = probability(prediction);
  const { threshold } = prediction;
  const [low, high] = zone(prediction) ?? [threshold, threshold];
  const parts = [
    sized(h("span", { class: "part real" }, h("span", {}, "real")), 0, low),
    sized(h("span", { class: "part inconclusive" }, h("span", {}, "cannot tell")), low, high),
    sized(h("span", { class: "part fake" }, h("span", {}, "fake")), high, 1),
  ];
  const said = `${percent(score)} fake. ${scale(prediction)}`;
  const meter = h(
    "div",
    {
      class: "bar",
      role: "meter",
      "aria-label": "Probability that the picture is fake",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      "aria-valuenow": (100 * score).toFixed(0),
      "aria-valuetext": said,
    },
    h("div", { class: "above" }, placed(h("span", { class: "mark" }, `threshold ${exactShort(threshold)}`), threshold)),
    h("div", { class: "strip" }, ...parts, placed(h("span", { class: "tick" }), threshold)),
    h(
      "div",
      { class: "below" },
      placed(
        svg(
          "svg",
          { viewBox: "0 0 20 14", class: "needle", "aria-hidden": "true" },
          svg("path", { d: "M10 0 20 14H0Z" }),
        ),
        score,
      ),
      placed(h("span", { class: "mark strong" }, `${percent(score)} fake`), score),
    ),
  );
  return h("div", {}, meter, h("p", { class: "soft" }, scale(prediction)));
}

const exactShort = (share) => `${Number((100 * share).toFixed(1))}\u00a0%`;

function scale(prediction) {
  const from = `From ${exactShort(prediction.threshold)} on a picture counts as fake`;
  if (!zone(prediction)) return `${from}.`;
  const [low, high] = zone(prediction).map(exactShort);
  return `${from}; between ${low} and ${high} the answer is “cannot tell”. In some pictures that zone is wider.`;
}

const points = (sentences) => h("ul", {}, ...sentences.map((sentence) => h("li", {}, sentence)));

function likely(prediction) {
  if (prediction.prediction !== "Fake" || !Object.keys(prediction.kinds).length) return null;
  return h(
    "p",
    {},
    "Most like: ",
    h("strong", {}, KINDS[likeliest(prediction.kinds)] ?? likeliest(prediction.kinds)),
    ".",
  );
}

export function verdict(prediction, service) {
  const words = VERDICTS[prediction.verdict];
  const reasons = prediction.reasons.map((key) => reason(key, service));
  return [
    h("p", { class: `verdict ${prediction.verdict}` }, icon(prediction.verdict), h("strong", {}, words.title)),
    bar(prediction),
    likely(prediction),
    reasons.length > 0 && h("h3", {}, "What limits this answer"),
    reasons.length > 0 && points(reasons),
    h("h3", {}, "What this means"),
    points(words.means),
    h("h3", {}, "What it does not mean"),
    points(words.not),
  ];
}

function table(caption, head, rows) {
  const cells = ([first, ...rest]) =>
    h("tr", {}, h("th", { scope: "row" }, first), ...rest.map((cell) => h("td", {}, cell)));
  return h(
    "div",
    { class: "wide", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", {}, caption),
      h("thead", {}, h("tr", {}, ...head.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, ...rows.map(cells)),
    ),
  );
}

export function faces(prediction, service) {
  if (!prediction.faces.length) return h("p", {}, "No face was found; the picture was judged as a whole.");
  const items = prediction.faces.map((face, index) => {
    const kind = side(face.score, prediction);
    const like = kind === "fake" && KINDS[likeliest(face.kinds)];
    const notes = [like && `Most like ${like}.`, ...face.reasons.map((key) => reason(key, service))].filter(Boolean);
    return h(
      "li",
      { class: "face" },
      kind === "none" ? null : icon(kind),
      h("strong", {}, `Face\u00a0${index + 1}: ${face.score === null ? "not scored" : `${percent(face.score)} fake`}`),
      h("span", { class: "soft" }, `${Math.round(face.size)}\u00a0px`),
      notes.length > 0 && h("p", {}, notes.join(" ")),
    );
  });
  const caption = `${counted(items.length, "face", "faces")}, numbered as in the picture; each score is the face's own.`;
  return h("div", {}, h("p", { class: "soft" }, caption), h("ul", { class: "faces" }, ...items));
}

export function technical(prediction, service) {
  const cards = new Map((service.members ?? []).map((card) => [card.name, card]));
  const members = Object.entries(prediction.members).map(([name, score]) => {
    const card = cards.get(name);
    const about = card ? `looks at ${regionName(card.region)}; ${card.architecture}` : "";
    const built = h("span", { class: "built" }, about);
    return [h("span", {}, name, built), exact(score)];
  });
  const kinds = Object.entries(prediction.kinds).map(([name, score]) => [KINDS[name] ?? name, exact(score)]);
  const numbers = [
    ["Probability of fake", `${prediction.fake_score.toFixed(2)}\u00a0%`],
    ["Probability of real", `${prediction.real_score.toFixed(2)}\u00a0%`],
    ["Fake, by the members that look at the whole picture", exact(prediction.scene_score)],
    ["Threshold", exact(prediction.threshold)],
    ["Size", `${prediction.width} × ${prediction.height} px`],
    ["Model", prediction.model],
  ];
  return h(
    "details",
    {},
    h("summary", {}, "Numbers and members"),
    table("The numbers", ["What", "Value"], numbers),
    table("By kind of forgery (they need not add up to 100 %)", ["Kind", "Probability"], kinds),
    table("What each member of the ensemble says by itself", ["Member", "Fake"], members),
  );
}
