// Single keys: the list behind "?", Alt+N for this moment, and the switch that leaves every key to the browser.
const dialog = document.querySelector("[data-keys-dialog]");
const keySwitch = dialog?.querySelector("[data-keys-switch]");
const opener = document.querySelector("[data-keys-open]");
const OFF = "keys=off";

// Where keys type; a date is no text, and only digits mean something to it.
const types = (place) =>
  place.matches("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=datetime-local])");

function switchKeys(on) {
  document.documentElement.toggleAttribute("data-keys-off", !on);
  document.dispatchEvent(new Event("keys"));
}

function fillNow(place) {
  const field = place.closest("[data-moment]");
  const fields = field ? [field] : [...document.querySelectorAll("[data-moment]")];
  for (const one of fields) if (field || !one.querySelector("input").value) one.querySelector("[data-now]").click();
}

document.addEventListener("keydown", (event) => {
  if (document.documentElement.hasAttribute("data-keys-off") || dialog?.open) return;
  if (event.ctrlKey || event.metaKey || event.isComposing || types(event.target)) return;
  if (event.altKey && event.code === "KeyN") fillNow(event.target);
  else if (event.key === "?" && !event.altKey && dialog) dialog.showModal();
  else return;
  event.preventDefault();
});

if (dialog) {
  if (/Mac|iPhone|iPad/.test(navigator.userAgent)) {
    for (const key of dialog.querySelectorAll("[data-modifier]")) key.textContent = "⌘";
  }
  keySwitch.checked = !document.cookie.split("; ").includes(OFF);
  keySwitch.addEventListener("change", () => {
    const kept = keySwitch.checked ? "keys=on; max-age=0" : `${OFF}; max-age=31536000`;
    document.cookie = `${kept}; path=/; samesite=lax`;
    switchKeys(keySwitch.checked);
  });
  switchKeys(keySwitch.checked);
}
if (opener && dialog) {
  opener.hidden = matchMedia("(hover: none)").matches;
  opener.addEventListener("click", () => dialog.showModal());
}

// In the way out without a survey Enter must not save a result: it leads to the ways to end.
document.querySelector("[data-no-survey]")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || !event.target.matches("input")) return;
  event.preventDefault();
  let next = event.target;
  do next = next.nextElementSibling ?? next.parentElement;
  while (!next.matches("button") && !next.querySelector("button"));
  (next.matches("button") ? next : next.querySelector("button")).focus();
});
