// The form as a whole: where the focus starts, one press saves once, Ctrl/Cmd+Enter saves and opens the next.
const entry = document.querySelector("[data-entry]");
const summary = entry.querySelector("[data-summary]");
const nextButton = entry.querySelector("button[name=next]");
const buttons = entry.querySelectorAll("button[type=submit]");
const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);

for (const hint of entry.querySelectorAll("[data-keys]")) hint.hidden = matchMedia("(hover: none)").matches;
if (mac) entry.querySelector("[data-modifier]").textContent = "⌘";

const firstInput = (scope) => scope.querySelector("input:not([type=hidden]), select, textarea");
const controlOf = (part) => (part.matches("fieldset") ? (part.querySelector("input:checked") ?? firstInput(part)) : part);
const refused = entry.querySelector("[autofocus]");
if (refused) {
  controlOf(refused).focus();
  refused.closest(".entry-field")?.scrollIntoView({ block: "center" });
}
else if (summary) summary.focus();
else firstInput(entry.querySelector(".entry-field")).focus({ preventScroll: true }); // what stands above stays in sight

summary?.addEventListener("click", (event) => {
  const target = event.target.closest("a") && document.querySelector(event.target.closest("a").hash);
  if (!target) return;
  event.preventDefault();
  const control = controlOf(target);
  control.focus();
  control.closest(".entry-field").scrollIntoView({ block: "center" });
});

const lock = (locked) => {
  entry.toggleAttribute("data-saving", locked);
  for (const button of buttons) button.disabled = locked;
};

entry.addEventListener("submit", (event) => {
  if (entry.hasAttribute("data-saving")) return event.preventDefault();
  // Later: a button that is disabled now would not be sent along.
  setTimeout(lock, 0, true);
});
// A page that comes back from the browser's memory must be usable again.
addEventListener("pageshow", () => lock(false));

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  event.preventDefault();
  if (!event.repeat) entry.requestSubmit(nextButton);
});

// The side panel asks for news; when the session is over it must not reload the page over what was typed.
const signedOut = document.querySelector("[data-signed-out]");
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (!event.detail.xhr.getResponseHeader("HX-Refresh")) return;
  event.preventDefault();
  signedOut.hidden = false;
  document.getElementById("recent").replaceChildren();
});

// "Undo" beside "Saved" goes when the panel shows that it is too late.
document.addEventListener("htmx:afterSwap", () => {
  for (const undo of document.querySelectorAll(".alert .btn-undo")) {
    if (!document.querySelector(`#recent [formaction="${undo.getAttribute("formaction")}"]`)) undo.remove();
  }
});

// What is being typed must survive an Undo or a Correct of another result: that goes on in a tab of its own.
entry.addEventListener("input", () => {
  document.getElementById("undo").target = "_blank";
});
document.querySelector(".entry-side").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (link) link.target = document.getElementById("undo").target;
});

// Back from signing in elsewhere: the form goes on with the key of the new session, and the panel with it.
async function goOn() {
  if (signedOut.hidden) return;
  const reply = await fetch(entry.action);
  if (!reply.ok || reply.redirected) return;
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  const key = "input[name=csrfmiddlewaretoken]";
  for (const input of document.querySelectorAll(key)) input.value = page.querySelector(`[data-entry] ${key}`).value;
  const recent = document.importNode(page.getElementById("recent"), true);
  document.getElementById("recent").replaceWith(recent);
  htmx.process(recent);
  signedOut.hidden = true;
  document.dispatchEvent(new Event("signed-in"));
}
addEventListener("focus", goOn);
