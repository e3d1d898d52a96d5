// The call script: its gaps filled with what is being typed, and after the score the question for its band.
const gaps = [...document.querySelectorAll("[data-tag]")];
const followUps = [...document.querySelectorAll("[data-follow-up]")];

function fill(tag, value) {
  for (const gap of gaps.filter((one) => one.dataset.tag === tag)) {
    gap.textContent = value || gap.dataset.label;
    gap.classList.toggle("script-gap", !value);
  }
}

function fillTyped() {
  for (const tag of new Set(gaps.map((gap) => gap.dataset.tag))) {
    const [kind, name] = tag.split(".");
    const input = kind === "customer" && document.querySelector(`[data-entry] [name="${name}"]`);
    if (input) fill(tag, input.value.trim());
  }
}

function greet() {
  const { zone, greetings } = document.querySelector("[data-greetings]").dataset;
  const hour = Number(new Date().toLocaleString("en-GB", { timeZone: zone, hour: "2-digit", hourCycle: "h23" }));
  const words = JSON.parse(greetings);
  fill("greeting", (words.findLast(([first]) => hour >= first) ?? words.at(-1))[1]);
}

if (gaps.length) {
  document.querySelector("[data-entry]").addEventListener("input", fillTyped);
  addEventListener("pageshow", fillTyped);
}
if (document.querySelector("[data-greetings]")) setInterval(greet, 60_000);

function showFollowUp(value) {
  const band = value === null ? "" : value >= 9 ? "promoter" : value >= 7 ? "passive" : "detractor";
  for (const one of followUps) {
    one.hidden = one.dataset.followUp !== band;
    one.querySelector(".follow-band").hidden = true; // the score beside it says the band
  }
}
document.addEventListener("score", (event) => showFollowUp(event.detail));
