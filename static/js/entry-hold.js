// How long a result is still held back, counted down second by second; the page itself asks what became of it.
setInterval(() => {
  const left = document.querySelector("[data-left]");
  if (!left) return;
  const seconds = left.firstElementChild;
  left.dataset.until ??= Date.now() + 1000 * Number(seconds.textContent);
  seconds.textContent = Math.max(0, Math.ceil((left.dataset.until - Date.now()) / 1000));
}, 250);
