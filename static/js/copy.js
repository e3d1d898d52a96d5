// Copy buttons: shown only where the browser lets a page write to the clipboard.
if (navigator.clipboard) {
  document.documentElement.classList.add("can-copy");
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button || button.dataset.copied) return;
    const text = button.dataset.copy ?? button.previousElementSibling.textContent;
    const label = button.innerHTML;
    await navigator.clipboard.writeText(text);
    button.dataset.copied = "yes";
    button.textContent = "Copied";
    setTimeout(() => {
      button.innerHTML = label;
      delete button.dataset.copied;
    }, 2000);
  });
}
