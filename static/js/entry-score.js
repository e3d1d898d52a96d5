// The score: eleven radio buttons that can also be typed, dragged along and cleared. Tells others by "score" events.
const score = document.querySelector("[data-score]");
const track = score.querySelector("[data-track]");
const steps = [...track.querySelectorAll("input")];
const read = score.querySelector("[data-read]");
const clearButton = score.querySelector("[data-clear]");
const TYPING_PAUSE = 900;
const SLIDE = 16; // pixels sideways until a finger slides along the track instead of scrolling the page

const chosen = () => steps.find((step) => step.checked);
const band = (value) => (value >= 9 ? "promoter" : value >= 7 ? "passive" : "detractor");
const keysOff = () => document.documentElement.hasAttribute("data-keys-off");

function tell() {
  const step = chosen();
  read.textContent = step ? `${step.value} of 10, ${band(Number(step.value))}` : "Not given yet";
  clearButton.hidden = !step;
  clearButton.tabIndex = keysOff() ? 0 : -1; // with keys it is Delete, and one stop less on the way
  score.dispatchEvent(new CustomEvent("score", { bubbles: true, detail: step ? Number(step.value) : null }));
}

function choose(value) {
  const anew = !steps[value].checked;
  steps[value].checked = true;
  steps[value].focus();
  if (anew) tell();
}

function clear() {
  const step = chosen();
  if (step) step.checked = false;
  steps[0].focus();
  tell();
}

let typedOneAt = 0;
function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || keysOff()) return;
  const afterOne = event.timeStamp - typedOneAt < TYPING_PAUSE;
  typedOneAt = event.key === "1" ? event.timeStamp : 0;
  if (/^[0-9]$/.test(event.key)) choose(event.key === "0" && afterOne ? 10 : Number(event.key));
  else if (event.key === "Home") choose(0);
  else if (event.key === "End") choose(10);
  else if (event.key === "Backspace" || event.key === "Delete") clear();
  else return;
  event.preventDefault();
}

function drag(event) {
  if (!(event.buttons & 1)) return;
  const box = track.getBoundingClientRect();
  const place = Math.floor(((event.clientX - box.left) / box.width) * steps.length);
  choose(Math.max(0, Math.min(steps.length - 1, place)));
}

// A finger on the track may only want to scroll: it chooses when it slides sideways, or by a tap on a number.
let touchedAt = null;
function press(event) {
  touchedAt = event.pointerType === "touch" ? event.clientX : null;
  if (event.button !== 0 || touchedAt !== null) return;
  track.setPointerCapture(event.pointerId);
  drag(event);
}
function move(event) {
  if (touchedAt !== null && Math.abs(event.clientX - touchedAt) < SLIDE) return;
  touchedAt = null;
  drag(event);
}

track.addEventListener("keydown", key);
track.addEventListener("change", tell);
track.addEventListener("pointerdown", press);
track.addEventListener("pointermove", move);
track.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays on the chosen button
clearButton.addEventListener("click", clear);
document.addEventListener("keys", tell);
score.toggleAttribute("data-live", true);
addEventListener("pageshow", tell);
