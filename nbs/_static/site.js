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
// Search by section, as one types: Pagefind's index, loaded when the field is first touched. Without a script, or from
// a file, the form leads to the search page.
(() => {
  const input = document.querySelector(".sidebar-search"), box = document.querySelector(".nb-search");
  if (!input || !box || location.protocol === "file:") return;
  const root = new URL(document.documentElement.dataset.content_root, location.href);
  const template = (r) => {
    const li = document.createElement("li"), a = document.createElement("a"), p = document.createElement("p");
    a.href = new URL(r.meta.url, root); a.textContent = r.meta.title;
    p.innerHTML = (r.meta.page ? `<span>${r.meta.page}</span> ` : "") + r.excerpt;
    li.append(a, p);
    return li;
  };
  const start = async () => {
    await new Promise((ok, no) => {
      const s = document.createElement("script");
      s.src = new URL("pagefind/pagefind-modular-ui.js", root); s.onload = ok; s.onerror = no;
      document.head.append(s);
    });
    const { Instance, Input, ResultList, Summary } = window.PagefindModularUI;
    const search = new Instance({ bundlePath: new URL("pagefind/", root).href, baseUrl: root.pathname,
      ranking: { metaWeights: { title: 5, asked: 5 } } });
    search.add(new Input({ inputElement: ".sidebar-search", debounceTimeoutMs: 150 }));
    search.add(new Summary({ containerElement: ".nb-found" }));
    search.add(new ResultList({ containerElement: ".nb-hits", resultTemplate: template, placeholderTemplate: () => "<li></li>" }));
    search.triggerLoad();
    if (input.value) search.triggerSearch(input.value);
  };
  const show = () => {
    box.hidden = !input.value;
    box.querySelector(".nb-names").search = "?q=" + encodeURIComponent(input.value);
  };
  input.addEventListener("focus", start, { once: true });
  for (const type of ["input", "keyup", "focus"]) input.addEventListener(type, show);
  const links = () => [...box.querySelectorAll("a")];
  addEventListener("keydown", (e) => {
    if (e.key === "/" && !/input|textarea|select/i.test(document.activeElement.tagName)) { input.focus(); e.preventDefault(); return; }
    const all = [input, ...links()], at = all.indexOf(document.activeElement);
    if (box.hidden || at < 0) return;
    if (e.key === "Escape") { input.value = ""; show(); input.focus(); }
    if (e.key === "Enter" && !at) { e.preventDefault(); const hit = box.querySelector(".nb-hits li"); (hit ? hit.querySelector("a") : links()[0])?.click(); }
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[e.key];
    if (to !== undefined) { all[Math.max(0, Math.min(all.length - 1, to))].focus(); e.preventDefault(); }
  });
  addEventListener("click", (e) => { if (!box.contains(e.target) && e.target !== input) box.hidden = true; });
})();
// On a phone a table that is wider than the page becomes cards: each row one, each value beside its column's name.
(() => {
  const narrow = matchMedia("(max-width: 46em)");
  const mark = (table) => {                     // once; what the style sheet then does with it is the screen's business
    const head = [...table.querySelectorAll("thead tr:last-child > *")], rows = [...table.querySelectorAll("tbody > tr")];
    if (head.length < 3 || rows.some((r) => r.cells.length !== head.length) || table.querySelector("[colspan], [rowspan], details"))
      return table.dataset.cards = "no";
    table.dataset.cards = "yes";
    for (const [role, sel] of [["rowgroup", "thead, tbody"], ["row", "tr"], ["cell", "td"], ["columnheader", "thead th"], ["rowheader", "tbody th"]])
      for (const el of table.querySelectorAll(sel)) el.setAttribute("role", role);
    table.setAttribute("role", "table");
    for (const r of rows) [...r.cells].forEach((c, i) => {
      const long = (c.innerText || c.textContent).trim().length > 30, brief = r.cells[0].textContent.trim().length < 4;
      if (i === 0 ? !brief : i === 1 && brief) c.classList.add("nb-title");
      else if (long) c.classList.add("nb-line");
      const name = head[i].textContent.trim();
      if (name && name !== "#" && c.textContent.trim()) c.dataset.column = name;
    });
  };
  const look = () => {
    for (const t of document.querySelectorAll("article table:not(.nb-params)")) {
      t.classList.remove("nb-cards");
      const box = t.closest(".table-wrapper, .output, .container, dd, section");
      if (!narrow.matches || !box || !t.offsetWidth || t.offsetWidth <= box.clientWidth + 1) continue;
      if (!t.dataset.cards) mark(t);
      t.classList.toggle("nb-cards", t.dataset.cards === "yes");
    }
  };
  addEventListener("load", look);
  narrow.addEventListener("change", look);
  document.addEventListener("toggle", look, true);
})();
// What scrolls sideways can be reached and scrolled from the keyboard.
(() => {
  const look = () => {
    for (const el of document.querySelectorAll("article :is(pre, div.math, .table-wrapper, .cell_output .output, .math-wrapper, .text_html, .text_markdown, .nb-fold > .container, figure)"))
      if (el.scrollWidth > el.clientWidth + 1 && getComputedStyle(el).overflowX !== "visible") {
        if (!el.querySelector("a, button, input, [tabindex]")) el.tabIndex = 0;
        el.classList.toggle("nb-more", el.scrollLeft + el.clientWidth < el.scrollWidth - 1);
        el.onscroll = look;
      }
  };
  addEventListener("load", () => { look(); window.MathJax?.startup?.promise?.then(look); });
  addEventListener("resize", look);
  document.addEventListener("toggle", look, true);
})();
