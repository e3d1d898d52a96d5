// What a telephone system has put into the address stands in the form; it goes out of the address before anything
// remembers it. Runs at once, ahead of the other scripts.
if ([...new URLSearchParams(location.search).keys()].some((name) => !["from", "draft", "call"].includes(name))) {
  history.replaceState(null, "", location.pathname);
}
// The style sheet already shows the form as the other scripts will leave it, so that nothing moves when they come.
document.documentElement.toggleAttribute("data-scripted", true);
