// Elements from data. Text always becomes a text node, so nothing a file or its metadata says is ever read as HTML.

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

// Tells those who do not see the page.
export function say(text) {
  document.getElementById("live").textContent = text;
}

// A name that somebody else chose: its writing direction stays its own.
export const bdi = (text) => h("bdi", {}, text);

const STROKE = {
  fill: "none",
  stroke: "currentColor",
  "stroke-width": 2.4,
  "stroke-linecap": "round",
  "stroke-linejoin": "round",
};
const SHAPES = {
  fake: ["M12 3 22 21H2Z", "M12 10v5", "M12 18v.1"],
  real: ["M12 2a10 10 0 1 0 .1 0Z", "M7.5 12.5l3 3 6-7"],
  inconclusive: ["M12 2a10 10 0 1 0 .1 0Z", "M9 9.5a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.2", "M12 17.5v.1"],
  failed: ["M12 2a10 10 0 1 0 .1 0Z", "M8.5 8.5l7 7", "M15.5 8.5l-7 7"],
  working: ["M12 2a10 10 0 0 1 10 10"],
};

// The sign of a state; each has a shape of its own, and words always stand beside it.
export function icon(state) {
  const paths = SHAPES[state].map((d) => svg("path", { d, ...STROKE }));
  return svg(
    "svg",
    { viewBox: "0 0 24 24", class: `icon ${state}`, "aria-hidden": "true", focusable: "false" },
    ...paths,
  );
}
