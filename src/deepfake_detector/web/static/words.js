// Everything the page says that does not come from the service.

export const VERDICTS = {
  fake: {
    title: "Probably fake",
    means: ["The picture, or a face in it, shows traces like those of the forgeries this detector knows."],
    not: [
      "It is not proof: now and then an authentic picture is called fake.",
      "It does not say who made or changed the picture, how, or why.",
    ],
  },
  real: {
    title: "Probably authentic",
    means: ["The detector found hardly any of the traces of the forgeries it knows."],
    not: [
      "It is not proof: forgeries unlike those it was trained on are missed.",
      "It does not say whether the caption is true, or whether the scene was staged.",
    ],
  },
  inconclusive: {
    title: "Cannot tell",
    means: [
      "The evidence is too thin for an answer either way.",
      "A larger or less compressed copy, as near to the original as can be had, may give one.",
    ],
    not: ["It does not mean “half fake”, and it is no reason to believe or to distrust the picture."],
  },
};

export const KINDS = {
  swap: "a swapped, re-enacted or retouched face",
  gan: "a face made by a face generator (GAN)",
  generated: "a picture made or changed by an AI image generator",
};

export const FINDINGS = {
  c2pa: "Content credentials (C2PA)",
  digital_source_type: "Declared kind of source",
  camera: "Camera data",
  generator: "Marks of a generator",
  software: "Software",
  jpeg_tables: "Compression tables",
};

export const ORIGINS = {
  ai: "points to AI",
  camera: "points to a camera",
  edited: "points to editing",
  unknown: "says nothing either way",
};

export const regionName = (region) => ({ face: "each face", scene: "the whole picture" })[region] ?? region ?? "";

// "38 %"; never "0 %" or "100 %", because the detector is never that sure.
export function percent(score) {
  if (score >= 0.995) return "over 99\u00a0%";
  if (score < 0.005) return "under 1\u00a0%";
  return `${Math.round(100 * score)}\u00a0%`;
}

// Two decimals, for tables.
export const exact = (score) => `${(100 * score).toFixed(2)}\u00a0%`;

export const probability = (prediction) => prediction.fake_score / 100;

// Where the service answers "cannot tell" for a picture like this one: [low, high], or null where it does not say.
export const zone = (prediction) => prediction.inconclusive ?? null;

// On which side a face stands: "fake", "real", "inconclusive", or "none" where it has no score.
export function side(score, prediction) {
  if (score === null) return "none";
  const [low, high] = zone(prediction) ?? [1, 0];
  if (low < score && score < high) return "inconclusive";
  return score >= prediction.threshold ? "fake" : "real";
}

export const reason = (key, service) => service.reasons?.[key] ?? key.replaceAll("_", " ");

export const likeliest = (kinds) => Object.keys(kinds).reduce((a, b) => (kinds[b] > kinds[a] ? b : a));

export function counted(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}
