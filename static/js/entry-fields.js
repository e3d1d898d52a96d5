// Small comforts of single fields: "Now" for a moment, what CustomerGauge will read, how much of a comment is left.

// Swedish writes dates the ISO way.
const clock = (time, timeZone) => new Date(time).toLocaleString("sv-SE", { timeZone });

// What clocks in another zone show; nothing for an hour that the clocks skipped or repeated: the form asks about it.
function elsewhere(typed, here, there) {
  const wanted = typed.replace("T", " ") + (typed.length === 16 ? ":00" : "");
  if (here === there) return wanted;
  const read = (text) => Date.parse(`${text.replace(" ", "T")}Z`);
  let time = read(wanted);
  for (let step = 0; step < 2; step++) time = read(wanted) - (read(clock(time, here)) - time);
  const shown = [-1, 0, 1].map((hours) => clock(time + hours * 3_600_000, here) === wanted);
  return String(shown) === "false,true,false" ? clock(time, there) : "";
}

for (const field of document.querySelectorAll("[data-moment]")) {
  const input = field.querySelector("input");
  const now = field.querySelector("[data-now]");
  const sentAs = field.querySelector("[data-sent-as]");
  const tell = () => {
    const sent = input.value && elsewhere(input.value, field.dataset.zone, sentAs.dataset.sentAs);
    sentAs.hidden = !sent;
    sentAs.lastElementChild.textContent = sent;
  };
  now.hidden = false;
  now.addEventListener("click", () => {
    // The zone is the one that the agent chose, or the portal's, whatever this computer is set to.
    input.value = clock(Date.now(), field.dataset.zone).slice(0, 16).replace(" ", "T");
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  input.addEventListener("input", tell);
  addEventListener("pageshow", tell);
}

const otherClock = document.querySelector("[data-clock-elsewhere]");
if (otherClock) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const now = Date.now();
  const summer = now + 182 * 86_400_000; // half a year later: zones may differ in summer only
  otherClock.hidden = [now, summer].every((time) => clock(time, own) === clock(time, otherClock.dataset.clockElsewhere));
  otherClock.querySelector("span").textContent = own;
  otherClock.querySelector("a").search = new URLSearchParams({ zone: own });
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
