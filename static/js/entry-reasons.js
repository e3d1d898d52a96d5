// The reasons: only those of the chosen score's side, filtered as one types, the chosen ones as chips.
const reasons = document.querySelector("[data-reasons]");
const tree = reasons?.querySelector("[data-tree]");

function startReasons() {
  const part = (name) => reasons.querySelector(`[data-${name}]`);
  const [wait, filter, chips, misfits, none] = ["wait", "filter", "chips", "misfits", "none"].map(part);
  const back = part("misfit-back");
  const items = [...tree.querySelectorAll(".reason")].map((label) => ({
    label,
    box: label.querySelector("input"),
    text: label.querySelector("[data-label]"),
    sides: [label.dataset.side, label.closest(".reason-branch").dataset.side],
  }));
  let given = null;
  let fitting = null; // the last score that all chosen reasons fitted

  // Without accents and capitals, so that "resume" finds "Résumé".
  const plain = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
  const sideOf = (score) => (score >= 9 ? "promoter" : "passive_detractor");
  const fits = (item) => given !== null && item.sides.every((side) => side === "any" || side === sideOf(given));
  const wording = ({ text }) => (sideOf(given) === "promoter" && text.dataset.promoter) || text.dataset.label;
  const lost = () => (given === null ? [] : items.filter((item) => item.box.checked && !fits(item)));

  function show() {
    const wanted = plain(filter?.value ?? "").split(/\s+/).filter(Boolean);
    for (const item of items) {
      // a chosen one that fits no longer stays: it is asked what to do with it
      item.box.disabled = !fits(item) && !item.box.checked;
      if (given !== null && fits(item)) item.text.textContent = wording(item);
      const words = plain(`${item.text.textContent} ${item.box.value}`);
      item.found = fits(item) && wanted.every((word) => words.includes(word));
      item.label.hidden = !item.found;
    }
    for (const branch of tree.children) {
      const inside = items.filter((item) => branch.contains(item.label));
      const [head, ...rest] = inside;
      // A primary that matches shows its whole branch; a secondary that matches keeps its primary as heading.
      if (head.found) for (const item of rest) item.label.hidden = !fits(item);
      head.label.hidden = !fits(head) || !inside.some((item) => item.found);
      branch.hidden = inside.every((item) => item.label.hidden);
    }
    wait.hidden = given !== null;
    tree.hidden = given === null;
    if (filter) filter.hidden = given === null;
    none.hidden = given === null || [...tree.children].some((branch) => !branch.hidden);
    showChosen();
    oneStop();
  }

  function showChosen() {
    chips.replaceChildren(...items.filter((item) => item.box.checked && fits(item)).map(chip));
    chips.hidden = !chips.children.length;
    const over = lost();
    misfits.hidden = !over.length;
    if (!over.length) return;
    const [it, them] = over.length === 1 ? ["is", "it"] : ["are", "them"];
    const names = new Intl.ListFormat("en-GB").format(over.map((item) => `“${item.text.dataset.label}”`));
    part("misfit-words").textContent = `${names} ${it} not offered for the score ${given}. What shall become of ${them}?`;
    part("misfit-remove").textContent = `Remove ${them}`;
    back.textContent = `Go back to ${fitting}`;
    back.hidden = fitting === null;
  }

  function chip(item) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "reason-chip";
    button.textContent = wording(item);
    button.setAttribute("aria-label", `Remove ${wording(item)}`);
    button.addEventListener("click", () => {
      item.box.checked = false;
      item.box.dispatchEvent(new Event("change", { bubbles: true }));
      (chips.querySelector("button") ?? filter ?? item.box).focus();
    });
    const place = document.createElement("li");
    place.append(button);
    return place;
  }

  part("misfit-remove").addEventListener("click", () => {
    for (const item of lost()) {
      item.box.checked = false;
      item.box.dispatchEvent(new Event("change", { bubbles: true }));
    }
    show();
    (filter ?? tree.querySelector("label:not([hidden]) input"))?.focus();
  });
  back.addEventListener("click", () => document.querySelector(`[data-score] input[value="${fitting}"]`).click());

  // -- keys: the list is one stop for Tab; arrows go through it, letters and digits go to the filter --------
  const listed = () => items.filter((item) => !item.label.hidden && !item.box.disabled).map((item) => item.box);
  const keysOff = () => document.documentElement.hasAttribute("data-keys-off");

  function oneStop(stop) {
    const boxes = listed();
    const only = stop ?? boxes.find((box) => box === document.activeElement) ?? boxes[0];
    for (const { box } of items) box.tabIndex = keysOff() || box === only ? 0 : -1;
  }

  function move(event) {
    const boxes = listed();
    const at = boxes.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: boxes.length - 1 }[event.key];
    if (to === undefined) return false;
    (to < 0 ? (filter ?? boxes[0]) : boxes[Math.min(to, boxes.length - 1)])?.focus();
    return true;
  }

  function typed(event) {
    if (!filter || !/^[\p{L}\p{N}]$/u.test(event.key)) return false;
    filter.value = event.key;
    filter.focus();
    show();
    return true;
  }

  tree.addEventListener("keydown", (event) => {
    if (keysOff() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (move(event) || typed(event)) event.preventDefault();
  });
  tree.addEventListener("focusin", (event) => oneStop(event.target));
  document.addEventListener("keys", () => oneStop());

  for (const name of tree.querySelectorAll("[data-side-name]")) name.hidden = true;
  tree.addEventListener("change", showChosen);
  filter?.addEventListener("input", show);
  filter?.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown") {
      event.preventDefault();
      listed()[0]?.focus();
    } else if (event.key === "Enter") {
      event.preventDefault(); // Enter here ticks the only reason left instead of sending the form
      const left = items.filter((item) => item.found);
      if (left.length !== 1) return;
      left[0].box.checked = true;
      left[0].box.dispatchEvent(new Event("change", { bubbles: true }));
      filter.value = "";
      show();
    }
  });
  document.addEventListener("score", (event) => {
    if (given !== null && !lost().length) fitting = given;
    given = event.detail;
    show();
  });
}

if (tree) startReasons();
