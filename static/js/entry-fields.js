// Small comforts of single fields: "Now" for a moment, what CustomerGauge will read, how much of a comment is left.
for (const field of document.querySelectorAll("[data-moment]")) {
  const input = field.querySelector("input");
  const now = field.querySelector("[data-now]");
  const sentAs = field.querySelector("[data-sent-as]");
  const tell = () => {
    if (!sentAs) return;
    sentAs.hidden = !input.value;
    sentAs.lastElementChild.textContent = input.value.replace("T", " ") + (input.value.length === 16 ? ":00" : "");
  };
  now.hidden = false;
  now.addEventListener("click", () => {
    // Swedish writes dates the ISO way; the zone is the portal's, whatever this computer is set to.
    const parts = new Date().toLocaleString("sv-SE", { timeZone: field.dataset.zone });
    input.value = parts.slice(0, 16).replace(" ", "T");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  input.addEventListener("input", tell);
  addEventListener("pageshow", tell);
}

for (const field of document.querySelectorAll("[data-longest]")) {
  const area = field.querySelector("textarea");
  const count = field.querySelector("[data-count]");
  const longest = Number(field.dataset.longest);
  const tell = () => {
    const length = [...area.value].length;
    count.hidden = length < longest * 0.75;
    count.textContent = `${length.toLocaleString("en")} of ${longest.toLocaleString("en")} characters`;
    count.classList.toggle("too-long", length > longest);
  };
  area.addEventListener("input", tell);
  addEventListener("pageshow", tell);
}
