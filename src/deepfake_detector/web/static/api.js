// The service: few requests at once, waits when it is busy, asks for a key when it wants one.

const AT_ONCE = 2;
const TRIES = { 429: 60, 503: 15 }; // a busy service is asked again for longer than one that is not ready, or too slow

// What the service, or the way to it, says against a request. status 0: there was no answer.
export class Problem extends Error {
  constructor(status, message, code = "") {
    super(message.charAt(0).toUpperCase() + message.slice(1));
    this.status = status;
    this.code = code;
  }

  get mayPass() {
    return [0, 401, 408, 429].includes(this.status) || this.status >= 500;
  }
}

const waiting = [];
let running = 0;
let pausedUntil = 0;
let key = null;
let asking = null;
let answer = () => {}; // takes the key that the dialog was given, or null; does nothing while none is asked for
let mostBytes = Infinity;
let refused = false; // the dialog was cancelled: not to be shown again for every picture that waits

// The user starts something: asking for a key is allowed again.
export function begin() {
  refused = false;
}

function next() {
  while (running < AT_ONCE && waiting.length) {
    running += 1;
    waiting
      .shift()()
      .finally(() => {
        running -= 1;
        next();
      });
  }
}

// Runs the job when its turn comes; urgent ones (of the picture being looked at) come first.
function queued(job, urgent = false) {
  return new Promise((resolve, reject) => {
    const turn = () => job().then(resolve, reject);
    if (urgent) waiting.unshift(turn);
    else waiting.push(turn);
    next();
  });
}

const until = (time) => new Promise((resolve) => setTimeout(resolve, Math.max(0, time - Date.now())));

function secondsToWait(response) {
  const value = response.headers.get("Retry-After");
  if (value === null) return response.status === 429 ? 1 : null;
  const seconds = Number(value);
  const wait = Number.isFinite(seconds) ? seconds : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 0.2), 120) : 1;
}

function askForKey() {
  if (refused) return false;
  asking ??= new Promise((resolve) => {
    answer = (value) => {
      key = value;
      refused = value === null;
      document.getElementById("key-value").value = "";
      asking = null;
      answer = () => {};
      resolve(value !== null);
    };
    document.getElementById("key").showModal();
  });
  return asking;
}

// The answer is taken where it is given, not on "close": that comes later, and by then the user may have begun anew.
export function wireKeyDialog() {
  const dialog = document.getElementById("key");
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    answer(document.getElementById("key-value").value);
    dialog.close();
  });
  document.getElementById("key-cancel").addEventListener("click", () => {
    answer(null);
    dialog.close();
  });
  dialog.addEventListener("cancel", () => answer(null)); // Escape, or the way back on a phone
  dialog.addEventListener("close", () => dialog.open || answer(null)); // where a browser closes it without a "cancel"
}

async function problem(response) {
  let said = {};
  try {
    said = await response.json();
  } catch {
    // Not from the service itself (a proxy's page, say): the status has to do.
  }
  const words = said.detail || said.title || `The service answered ${response.status}.`;
  return new Problem(response.status, words, said.code);
}

// The response where it is 2xx; a Problem otherwise. busy: called with the seconds of each wait.
async function request(path, options, busy = () => {}) {
  for (let tried = 1; ; tried += 1) {
    while (Date.now() < pausedUntil) await until(pausedUntil);
    const used = key;
    let response;
    try {
      response = await fetch(path, { ...options, headers: used === null ? {} : { "X-API-Key": used } });
    } catch {
      throw new Problem(0, "The service does not answer. It may be stopped, or it refused so large a file.");
    }
    if (response.ok) return response;
    const seconds = response.status in TRIES ? secondsToWait(response) : null;
    if (response.status === 401 && (key !== used || (await askForKey()))) continue;
    const said = await problem(response);
    // What was too slow is not sent again and again: the service may still be at it.
    if (seconds === null || tried >= (said.code === "Timeout" ? 2 : TRIES[response.status])) throw said;
    pausedUntil = Math.max(pausedUntil, Date.now() + 1000 * seconds);
    busy(Math.ceil(seconds));
  }
}

// What came back, taken as "json" or "blob".
async function taken(response, as) {
  try {
    return await response[as]();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The answer was cut off, or it is not the service's.");
  }
}

export async function model() {
  const said = await taken(await request("v1/model", {}), "json");
  mostBytes = said.limits?.max_body_bytes ?? Infinity;
  return said;
}

const FORM = 2048; // bytes that the form adds around the file, at most

async function send(path, file, busy, signal) {
  if (file.size + FORM > mostBytes) {
    throw new Problem(413, `The file is too large: this service takes at most ${Math.floor(mostBytes / 1e5) / 10} MB.`);
  }
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem(400, "This browser cannot read it: a folder, or a file that was moved or changed.");
  }
  const body = new FormData();
  body.append("file", file, file.name || "picture");
  return request(path, { method: "POST", body, signal }, busy);
}

// signal: gives it up. busy: called with the seconds, each time the service asks to wait. started: when its turn comes.
export function predict(file, signal, busy, started) {
  return queued(async () => {
    signal.throwIfAborted();
    started();
    return taken(await send("v1/predict", file, busy, signal), "json");
  });
}

export function explain(file, of) {
  return queued(async () => taken(await send(`v1/explain?of=${encodeURIComponent(of)}`, file), "json"), true);
}

export const provenance = (file) => queued(async () => taken(await send("v1/provenance", file), "json"), true);

// The report as a file for saving.
export async function report(file) {
  return queued(async () => taken(await send("v1/report", file), "blob"), true);
}
