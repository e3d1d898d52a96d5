// What is typed is kept on the server, a second after the last key and on leaving. Nothing of it stays in the browser.
{
  const PAUSE = 1000;
  const AGAIN = 5000;
  const VERSION = "draft-version";
  const APART = ["csrfmiddlewaretoken", "submit_token", "warn", "warned", "overrule", VERSION];
  const place = entry.querySelector("[data-draft]");
  const told = place.querySelector("[data-draft-told]");
  const clash = entry.querySelector("[data-clash]");
  const field = (name) => entry.querySelector(`input[name="${name}"]`);
  const token = field("submit_token").value;
  const page = entry.getAttribute("action");

  let kept = null; // what the server has, or what the page came with
  let timer = 0;
  let sending = false;
  let stopped = false;

  const typed = (form = entry) => {
    const data = new FormData(form);
    for (const name of APART) data.delete(name);
    return new URLSearchParams(data).toString();
  };
  // The form as it came: over a slow line people type before all scripts are there.
  const untouched = () => {
    const copy = entry.cloneNode(true);
    copy.reset();
    return typed(copy);
  };
  const soon = (wait = PAUSE) => {
    clearTimeout(timer);
    timer = setTimeout(keep, wait);
  };
  const tell = (words) => {
    place.hidden = !words;
    told.textContent = words;
  };

  function answered(status, version, now) {
    if (status === 204) {
      kept = now;
      field(VERSION).value = version;
      const exists = version !== "0";
      const time = new Date().toLocaleTimeString("en-GB", {
        hour: "2-digit",
        minute: "2-digit",
        timeZone: place.dataset.zone, // as everywhere on the page
      });
      tell(exists ? `Draft kept ${time}` : "");
      // A reload, or the next start after a crash, finds the draft by the address.
      history.replaceState(null, "", exists ? `${page}?draft=${token}` : page);
    } else if (status === 409) {
      stopped = true;
      clash.hidden = false;
      clash.dataset.version = version;
    } else if (status === 410) {
      stopped = true;
      tell("This form has been saved already, so what you type now is not kept as a draft.");
    } else if (status === 413) {
      kept = now;
      tell("The text is too long to be kept as a draft.");
    } else if (status === 0 || status === 403) {
      signedOut.hidden = false; // it goes on after "signed-in"
    } else {
      tell("The draft could not be kept just now. It is tried again.");
      soon(AGAIN);
    }
  }

  async function keep(leaving = false) {
    const now = typed();
    if (stopped || kept === null || now === kept || (sending && !leaving)) return;
    sending = true;
    let status = 500;
    let version = "";
    try {
      const reply = await fetch(place.dataset.draft, {
        method: "POST",
        body: new FormData(entry),
        keepalive: leaving === true,
        redirect: "manual",
      });
      status = reply.type === "opaqueredirect" ? 0 : reply.status;
      version = reply.headers.get("X-Draft-Version");
    } catch {
      // No connection, or the page has gone: the form itself still holds the text.
    }
    sending = false;
    answered(status, version, now);
    if (status === 204 && typed() !== kept) soon();
  }

  const touched = () => {
    if (kept !== null && typed() !== kept) soon();
  };
  for (const event of ["input", "change", "score", "click", "keyup"]) entry.addEventListener(event, touched);
  document.addEventListener("visibilitychange", () => document.hidden && keep(true));
  addEventListener("pagehide", () => keep(true));
  document.addEventListener("signed-in", () => soon(0));

  entry.addEventListener("submit", () => {
    stopped = true;
    clearTimeout(timer);
  });
  document.getElementById("discard-this").addEventListener("submit", () => {
    stopped = true;
    clearTimeout(timer);
  });
  clash.querySelector("[data-clash-mine]").addEventListener("click", () => {
    field(VERSION).value = clash.dataset.version;
    clash.hidden = true;
    stopped = false;
    kept = "";
    keep();
  });
  clash.querySelector("[data-clash-theirs]").addEventListener("click", () => {
    kept = typed(); // not to be kept on leaving
  });

  addEventListener("pageshow", () => {
    stopped = !clash.hidden;
    // The other scripts have set up the page by now. A form that came back unsaved is kept at once.
    const unsaved = entry.hasAttribute("data-unsaved");
    kept ??= unsaved ? "" : untouched();
    if (field(VERSION).value !== "0") history.replaceState(null, "", `${page}?draft=${token}`);
    else if (entry.hasAttribute("data-clean")) history.replaceState(null, "", page);
    if (unsaved) soon(0);
    else touched();
    entry.toggleAttribute("data-live", true); // the last of the scripts: the page is set up
  });
}
