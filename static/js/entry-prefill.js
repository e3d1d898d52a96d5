// What came from the telephone system is posted once more from this site: only then does the browser say who we are.
document.querySelector("[data-prefill]").submit();
