// Passkeys: each form marked with data-passkey asks the browser for one before it is sent. What the browser or the
// person refuses is told in the form's own words. The options come from the page, or for a sign-in from the server.
const SENTENCES = {
  NotAllowedError: "It was cancelled, or it took too long. Try again.",
  InvalidStateError: "This key is known for your account already.",
  SecurityError: "Passkeys work only at the portal's own address, over https.",
};

async function optionsFor(form) {
  if (form.dataset.options) return JSON.parse(document.getElementById(form.dataset.options).textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("no options");
  return (await answer.json()).request_options;
}

function alone(options, form) {
  const choice = options.publicKey.authenticatorSelection;
  const wanted = form.elements.passwordless?.checked ?? false;
  Object.assign(choice, { residentKey: wanted ? "required" : "discouraged", requireResidentKey: wanted });
  if (wanted) choice.userVerification = "required";
  return options;
}

async function ask(form) {
  const options = await optionsFor(form);
  if (form.dataset.passkey === "create") return window.webauthnJSON.create(alone(options, form));
  return window.webauthnJSON.get(options);
}

async function send(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const trouble = form.querySelector("[data-passkey-trouble]");
  trouble.hidden = true;
  try {
    form.elements.credential.value = JSON.stringify(await ask(form));
    form.submit();
  } catch (error) {
    trouble.textContent = SENTENCES[error.name] ?? "That did not work. Try again, or use another way.";
    trouble.hidden = false;
  }
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", send);
  }
}
