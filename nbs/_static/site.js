// Formulas in a line that are wider than their paragraph scroll inside themselves.
// A link to a definition opens the fold it is in, and holds its place while formulas are typeset.
(() => {
  const show = () => {
    const el = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!el) return;
    const fold = el.closest("details") || el.querySelector(":scope > details.nb-fold");
    if (fold) fold.open = true;
    el.scrollIntoView();
  };
  addEventListener("hashchange", show);
  addEventListener("load", () => {
    show();
    window.MathJax?.startup?.promise?.then(() => {
      for (const m of document.querySelectorAll("span.math > mjx-container"))
        if (m.offsetWidth > m.parentElement.parentElement.clientWidth) m.parentElement.classList.add("nb-wide");
      show();
    });
  });
})();
