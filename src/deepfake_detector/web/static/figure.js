// The picture with its faces boxed and the heat map laid over it.

import { h, svg } from "./dom.js";
import { percent, side } from "./words.js";

let strength = 60; // of the heat map, in percent; kept from picture to picture
let boxed = true;

// A drawing over the picture, in the pixels of the upright picture.
function drawing({ width, height }, kind) {
  const shape = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none" };
  return svg("svg", { ...shape, class: kind, "aria-hidden": "true" });
}

// A rectangle to be seen on any ground: its outline, and a halo under it.
function outlined([x0, y0, x1, y1], kind) {
  const corner = { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
  const place = { ...corner, fill: "none", "vector-effect": "non-scaling-stroke" };
  return [svg("rect", { ...place, class: "halo" }), svg("rect", { ...place, class: kind })];
}

// Boxes around the faces; their labels as text that keeps its size.
function boxes(prediction) {
  const { width, height, faces } = prediction;
  const drawn = drawing(prediction, "boxes");
  const tags = [];
  faces.forEach((face, index) => {
    const [x0, y0, x1, y1] = face.box;
    const kind = side(face.score, prediction);
    drawn.append(...outlined(face.box, `box ${kind}`));
    const tag = h(
      "span",
      { class: `tag ${kind}`, "aria-hidden": "true" },
      `${index + 1}: ${face.score === null ? "not scored" : `${percent(face.score)} fake`}`,
    );
    const fromRight = x0 / width > 0.6;
    if (fromRight) tag.style.right = `${(100 * (width - x1)) / width}%`;
    else tag.style.left = `${(100 * x0) / width}%`;
    if (y0 / height > 0.1) tag.style.bottom = `${(100 * (height - y0)) / height}%`;
    else tag.style.top = `${(100 * y1) / height}%`;
    tags.push(tag);
  });
  return [drawn, ...tags];
}

// The picture alone; ``mark`` lays the boxes over it once there is a prediction, ``lay`` the heat map.
export function stage(picture) {
  const photo = h("img", { class: "photo", alt: `The picture ${picture.name}`, src: picture.url });
  const element = h("div", { class: "stage" }, photo);
  const shape = (width, height) => element.style.setProperty("--ratio", width / height);
  photo.addEventListener("load", () => shape(photo.naturalWidth, photo.naturalHeight));
  photo.addEventListener("error", () => {
    photo.replaceWith(h("p", { class: "photo unshown" }, "This browser cannot show this kind of picture."));
  });

  function mark(prediction) {
    shape(prediction.width, prediction.height);
    const over = h("div", { class: "over", hidden: !boxed }, ...boxes(prediction));
    element.append(over);
    if (!prediction.faces.length) return null;
    const box = h("input", { type: "checkbox", id: "boxed", checked: boxed });
    box.addEventListener("change", () => {
      boxed = box.checked;
      over.hidden = !boxed;
    });
    return h("label", { class: "switch", for: "boxed" }, box, " Show the faces");
  }

  function lay(explanation) {
    element.querySelector(".layer")?.remove();
    element.querySelector(".area")?.remove();
    const layer = h("img", { class: "layer", alt: "", src: `data:image/png;base64,${explanation.layer.png}` });
    const area = drawing(explanation.prediction, "area");
    area.append(...outlined(explanation.area, "looked"));
    photoOrNote().after(layer, area);
    const show = () => {
      layer.style.opacity = strength / 100;
      area.toggleAttribute("hidden", strength === 0);
    };
    show();
    return show;
  }

  const photoOrNote = () => element.querySelector(".photo");
  return { element, mark, lay };
}

// The slider under the picture; ``show`` is what ``lay`` gave.
export function slider(show) {
  const value = h("span", { class: "value", "aria-hidden": "true" });
  const input = h("input", { type: "range", id: "strength", min: 0, max: 100, step: 5, value: strength });
  const said = () => {
    value.textContent = `${strength}\u00a0%`;
    input.setAttribute("aria-valuetext", strength ? `${strength} percent` : "hidden");
  };
  said();
  input.addEventListener("input", () => {
    strength = Number(input.value);
    said();
    show();
  });
  return h("div", { class: "slider" }, h("label", { for: "strength" }, "Strength of the heat map"), input, value);
}
