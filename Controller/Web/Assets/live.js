// Live pages: when the controller says that something changed, the page is fetched again and its regions marked
// data-live are swapped for the new ones. Everything works without this module; it only saves pressing reload.
// What a person is typing in is never swapped away.

const settle = 250; // milliseconds to wait for more news before looking
const restless = 60_000; // milliseconds after which times like "3 min ago" are worth a new look

let source = null;
let timer = null;
let looking = false;
let lookAgain = false;

function say(sentence) {
  const line = document.getElementById("live-state");
  if (!line) return;
  line.textContent = sentence;
  line.hidden = sentence === "";
}

function isTouched(control) {
  if (control.type === "hidden" || control.tagName === "BUTTON") return false;
  if (control.tagName === "SELECT") {
    const usual = [...control.options].findIndex((option) => option.defaultSelected);
    return control.selectedIndex !== Math.max(usual, 0);
  }
  return control.value !== control.defaultValue;
}

/** The innermost live region of everything a person is writing or choosing in. */
function busyRegions() {
  const busy = new Set();
  for (const control of document.querySelectorAll("[data-live] :is(input, textarea, select)")) {
    if (control === document.activeElement || isTouched(control)) busy.add(control.closest("[data-live]"));
  }
  return busy;
}

/** A selector that finds what has the focus again in the new region; null when there is nothing to find it by. */
function focusKey(region) {
  const element = document.activeElement;
  if (!element || !region.contains(element)) return null;
  if (element.id) return "#" + CSS.escape(element.id);
  if (element.tagName === "A") return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  const parent = element.closest("[id]");
  return parent ? `#${CSS.escape(parent.id)} ${element.tagName.toLowerCase()}` : null;
}

function swap(region, fresh, busy) {
  if (busy.has(region) || region.isEqualNode(fresh)) return;
  const key = focusKey(region);
  const active = document.activeElement;
  const selection = active && "selectionStart" in active ? [active.selectionStart, active.selectionEnd] : null;
  for (const details of region.querySelectorAll("details[id]")) {
    const twin = fresh.querySelector("#" + CSS.escape(details.id));
    if (twin) twin.open = details.open;
  }
  const kept = [...busy].filter((inner) => region.contains(inner));
  for (const inner of kept) {
    const twin = fresh.querySelector("#" + CSS.escape(inner.id));
    if (!twin) {
      say("What you are writing on was settled or removed meanwhile. Your text stays here until you leave the page.");
      return;
    }
    twin.replaceWith(inner);
  }
  region.replaceWith(document.adoptNode(fresh));
  if (!key || document.activeElement === active) return;
  const target = kept.some((inner) => inner.contains(active)) ? active : document.querySelector(key);
  if (!target) return;
  target.focus({ preventScroll: true });
  if (target === active && selection && selection[0] !== null) target.setSelectionRange(...selection);
}

/** The page as the controller would show it now; null when it could not be had, which is then said. */
async function fetched() {
  let answer;
  let text;
  try {
    answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
    text = await answer.text();
  } catch {
    say("The controller cannot be reached. What you see may be old.");
    return null;
  }
  if (answer.redirected) {
    location.assign(answer.url);
    return null;
  }
  if (!answer.ok) {
    say("This page could not be renewed. Reload it.");
    return null;
  }
  return new DOMParser().parseFromString(text, "text/html");
}

async function look() {
  // What was searched for stays as it is: looking again would search again.
  if (document.querySelector("[data-still]")) return;
  if (looking) {
    lookAgain = true;
    return;
  }
  looking = true;
  try {
    const page = await fetched();
    const busy = busyRegions();
    for (const region of page ? document.querySelectorAll("[data-live]") : []) {
      if (!region.isConnected || region.parentElement.closest("[data-live]")) continue;
      const fresh = page.getElementById(region.id);
      if (fresh) swap(region, fresh, busy);
    }
  } finally {
    looking = false;
    if (lookAgain) {
      lookAgain = false;
      hear();
    }
  }
}

function hear() {
  clearTimeout(timer);
  timer = setTimeout(look, settle);
}

function listen() {
  if (source || !document.getElementById("main-nav")) return;
  source = new EventSource("/api/v1/changes");
  let opened = false;
  source.onopen = () => {
    say("");
    document.documentElement.dataset.news = "on";
    if (opened) hear();
    opened = true;
  };
  source.onerror = () => {
    const ended = source?.readyState === EventSource.CLOSED;
    document.documentElement.dataset.news = "off";
    say(ended ? "Live updates ended. Reload the page." : "Live updates are interrupted; trying again.");
    if (ended) hear(); // Most likely the session ended: looking again leads to the sign-in page.
  };
  for (const name of ["message", "change", "resync"]) source.addEventListener(name, hear);
}

// A hidden page gives its connection back: a browser grants a site only six over HTTP/1.1.
function follow() {
  if (document.visibilityState === "hidden") {
    source?.close();
    source = null;
  } else if (!source) {
    listen();
    if (document.getElementById("main-nav")) hear();
  }
}

listen();
document.addEventListener("visibilitychange", follow);
window.addEventListener("pagehide", () => source?.close());
setInterval(() => document.visibilityState === "visible" && source && hear(), restless);
