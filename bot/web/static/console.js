// Keeps an open conversation fresh. Everything works without this file; it never touches what is being typed.
"use strict";

const talk = document.getElementById("talk");
const stale = document.getElementById("stale");
const EVERY_MS = 1500;
const AT_MOST_MS = 15000;
let wait = EVERY_MS;

function nearTheEnd() {
  const box = talk.scrollHeight > talk.clientHeight ? talk : document.scrollingElement;
  return box.scrollHeight - box.scrollTop - box.clientHeight < 160;
}

function toTheEnd() {
  const newest = document.getElementById("newest");
  newest.scrollIntoView({ block: "end" });
}

// The element of `after` that stands where the focused one stood: same id, name and label.
function counterpart(focused, before, after) {
  const kind = focused.tagName.toLowerCase();
  const same = (each) => each.textContent.trim() === focused.textContent.trim() && each.name === focused.name;
  const index = [...before.querySelectorAll(kind)].filter(same).indexOf(focused);
  return [...after.querySelectorAll(kind)].filter(same)[index];
}

function swap(before, after) {
  const focused = before.contains(document.activeElement) ? document.activeElement : null;
  const next = focused && counterpart(focused, before, after);
  before.replaceWith(after);
  if (!focused) return;
  if (!next) after.tabIndex = -1;
  (next || after).focus({ preventScroll: true });
}

// Makes list `id` of this page equal to that of `fresh`, item by item: what did not change is not touched.
function refresh(id, fresh) {
  const list = document.getElementById(id);
  const wanted = fresh.getElementById(id);
  if (!list || !wanted) return false;
  const ids = new Set([...wanted.children].map((item) => item.id));
  [...list.children].filter((item) => !ids.has(item.id)).forEach((item) => item.remove());
  let changed = false;
  [...wanted.children].forEach((item, place) => {
    const known = document.getElementById(item.id);
    if (known && known.dataset.rev === item.dataset.rev) return;
    changed = true;
    const mine = document.importNode(item, true);
    if (known) swap(known, mine);
    else list.insertBefore(mine, list.children[place] || null);
  });
  return changed;
}

function count(id, fresh) {
  const [mine, wanted] = [document.getElementById(id), fresh.getElementById(id)];
  if (mine && wanted && mine.textContent !== wanted.textContent) mine.textContent = wanted.textContent;
}

async function look() {
  const answer = await fetch(talk.dataset.fresh, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (answer.status === 401) {
    location.reload(); // away for too long: the page asks to sign in, and nothing about anybody stays on the screen
    return;
  }
  if (!answer.ok) throw new Error(String(answer.status));
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const following = nearTheEnd();
  if (refresh("messages", fresh)) {
    document.getElementById("empty")?.remove();
    if (following && !talk.contains(document.activeElement)) toTheEnd();
  }
  refresh("ehr", fresh);
  refresh("audit", fresh);
  count("ehr-count", fresh);
  count("audit-count", fresh);
}

async function keepFresh() {
  try {
    if (!document.hidden) await look();
    wait = EVERY_MS;
    stale.textContent = "";
  } catch {
    wait = Math.min(wait * 2, AT_MOST_MS);
    stale.textContent = "Not up to date: the server did not answer. Trying again. What you typed is kept.";
  }
  setTimeout(keepFresh, wait);
}

// A pressed button is not pressed twice by an impatient hand; coming back to the page revives it.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
});

document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.activeElement?.closest("details.confirm[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// The question that a press opens is seen whole.
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches("details.confirm[open]")) event.target.scrollIntoView({ block: "nearest" });
  },
  true,
);

if (talk) {
  if (talk.dataset.fresh) setTimeout(keepFresh, EVERY_MS);
  if (!location.hash || location.hash === "#newest") toTheEnd();
}
