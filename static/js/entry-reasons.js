// The reasons: only those of the chosen score's side, filtered as one types, the chosen ones as chips.
const reasons = document.querySelector("[data-reasons]");
const tree = reasons?.querySelector("[data-tree]");

function startReasons() {
  const part = (name) => reasons.querySelector(`[data-${name}]`);
  const [wait, filter, chips, misfits, none] = ["wait", "filter", "chips", "misfits", "none"].map(part);
  const items = [...tree.querySelectorAll(".reason")].map((label) => ({
    label,
    box: label.querySelector("input"),
    text: label.querySelector("[data-label]"),
    sides: [label.dataset.side, label.closest(".reason-branch").dataset.side],
  }));
  let given = null;

  const sideOf = (score) => (score >= 9 ? "promoter" : "passive_detractor");
  const fits = (item) => given !== null && item.sides.every((side) => side === "any" || side === sideOf(given));
  const wording = ({ text }) => (sideOf(given) === "promoter" && text.dataset.promoter) || text.dataset.label;

  function show() {
    const wanted = (filter?.value ?? "").trim().toLocaleLowerCase();
    for (const item of items) {
      item.box.disabled = !fits(item);
      if (given !== null) item.text.textContent = wording(item);
      item.found = fits(item) && item.text.textContent.toLocaleLowerCase().includes(wanted);
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
  }

  function showChosen() {
    const ticked = items.filter((item) => item.box.checked);
    chips.replaceChildren(...ticked.filter(fits).map(chip));
    chips.hidden = !chips.children.length;
    const lost = ticked.filter((item) => !fits(item)).length;
    misfits.hidden = !lost || given === null;
    misfits.textContent = `${lost} chosen ${lost === 1 ? "reason does" : "reasons do"} not fit this score and will not be saved.`;
  }

  function chip(item) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "reason-chip";
    button.textContent = wording(item);
    button.setAttribute("aria-label", `Remove ${wording(item)}`);
    button.addEventListener("click", () => {
      item.box.checked = false;
      showChosen();
      (chips.querySelector("button") ?? filter ?? item.box).focus();
    });
    const place = document.createElement("li");
    place.append(button);
    return place;
  }

  for (const name of tree.querySelectorAll("[data-side-name]")) name.hidden = true;
  tree.addEventListener("change", showChosen);
  filter?.addEventListener("input", show);
  filter?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
    event.preventDefault(); // Enter here ticks the only reason left instead of sending the form
    const left = items.filter((item) => item.found);
    if (left.length !== 1) return;
    left[0].box.checked = true;
    filter.value = "";
    show();
  });
  document.addEventListener("score", (event) => {
    given = event.detail;
    show();
  });
}

if (tree) startReasons();
