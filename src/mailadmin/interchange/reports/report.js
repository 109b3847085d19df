"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  const number = (value) => value.toLocaleString("en");
  const code = (column, row) => (column.codes ? column.codes[row] : row);
  const cell = (column, row) => column.texts[code(column, row)];
  const collator = new Intl.Collator("en", { numeric: true });
  const browsed = [...document.querySelectorAll("table.browsed")];

  /* What was filled in is kept in a copy of the page. */
  const opening = browsed.map((table) => table.tBodies[0].cloneNode(true));
  const fields = [...document.querySelectorAll(".filled-in input")];
  for (const field of fields)
    field.addEventListener("input", () => {
      field.setAttribute("value", field.value);
      field.toggleAttribute("data-filled", field.value !== "");
    });
  const save = byId("save");
  if (save) {
    save.hidden = false;
    save.addEventListener("click", () => {
      const copy = document.documentElement.cloneNode(true);
      for (const one of copy.querySelectorAll("form, .pager, #save")) one.hidden = true;
      for (const one of copy.querySelectorAll(".plain")) one.removeAttribute("hidden");
      copy.querySelectorAll("table.browsed tbody").forEach((body, place) => {
        body.replaceWith(opening[place].cloneNode(true));
      });
      const page = new Blob(["<!doctype html>\n" + copy.outerHTML], { type: "text/html" });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(page);
      link.download = save.dataset.copy;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }
  for (const table of browsed) browse(table);

  function browse(table) {
    const its = (name) => byId(table.id.replace(/table$/, name));
    const data = JSON.parse(its("data").textContent);
    const columns = data.columns;
    const body = table.tBodies[0];
    const controls = its("controls");
    const search = its("search");
    const size = its("size");
    const pager = its("pager");
    const note = its("plain");
    const filters = [...controls.querySelectorAll("select[data-column]")];
    let found = [];
    let page = 0;
    let sorted = { column: -1, down: false };

    /* Each distinct text is looked at once; a row is found by the numbers of its texts. */
    function look() {
      const words = plain(search.value).split(/\s+/).filter(Boolean);
      const hits = words.map((word) => columns.map((column) => {
        column.plain ??= column.texts.map(plain);
        return Uint8Array.from(column.plain, (text) => (text.includes(word) ? 1 : 0));
      }));
      const wanted = filters.filter((filter) => filter.value !== "").map((filter) => {
        const column = columns[filter.dataset.column];
        return [column, column.texts.indexOf(filter.value.slice(1))];
      });
      found = [];
      for (let row = 0; row < data.rows; row += 1) {
        if (wanted.every(([column, text]) => code(column, row) === text) &&
            hits.every((hit) => columns.some((column, place) => hit[place][code(column, row)])))
          found.push(row);
      }
      order();
      page = 0;
      show();
    }

    function order() {
      if (sorted.column < 0) return;
      const column = columns[sorted.column];
      if (!column.ranks) {
        const places = column.texts.map((_, place) => place);
        places.sort((a, b) => collator.compare(column.texts[a], column.texts[b]));
        column.ranks = new Uint32Array(places.length);
        places.forEach((place, rank) => { column.ranks[place] = rank; });
      }
      const turn = sorted.down ? -1 : 1;
      found.sort((a, b) => turn * (column.ranks[code(column, a)] - column.ranks[code(column, b)]) || a - b);
    }

    function draw(row) {
      const line = document.createElement("tr");
      columns.forEach((column, place) => {
        const box = document.createElement(place === 0 ? "th" : "td");
        if (place === 0) box.scope = "row";
        if (column.holds !== "text") box.className = column.holds;
        box.dataset.label = column.name;
        const text = cell(column, row);
        if (column.classes) {
          const badge = document.createElement("span");
          badge.className = column.classes[code(column, row)];
          badge.textContent = text;
          box.append(badge);
        } else box.textContent = text;
        line.append(box);
      });
      return line;
    }

    function show() {
      const rows = Number(size.value);
      const last = Math.max(0, Math.ceil(found.length / rows) - 1);
      page = Math.min(Math.max(page, 0), last);
      const part = found.slice(page * rows, (page + 1) * rows);
      body.replaceChildren(...part.map(draw));
      const all = found.length === data.rows;
      const from = page * rows + 1;
      its("found").textContent = part.length === 0 ? `Nothing found among ${number(data.rows)} rows.` :
        `Rows ${number(from)} to ${number(from + part.length - 1)} of ${number(found.length)}` +
        (all ? "." : ` found among ${number(data.rows)}.`);
      its("page").textContent = `Page ${number(page + 1)} of ${number(last + 1)}`;
      for (const button of pager.querySelectorAll("button"))
        button.disabled = ["first", "previous"].includes(button.dataset.go) ? page === 0 : page === last;
    }

    let waiting = 0;
    controls.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(look, 120);
    });
    controls.addEventListener("submit", (event) => event.preventDefault());
    controls.addEventListener("reset", () => setTimeout(look));
    pager.addEventListener("click", (event) => {
      const go = event.target.dataset.go;
      if (!go) return;
      page = { first: 0, previous: page - 1, next: page + 1, last: Infinity }[go];
      show();
    });
    [...table.tHead.rows[0].cells].forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.dataset.label = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        sorted = { column: place, down: sorted.column === place && !sorted.down };
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
        order();
        show();
      });
    });
    controls.hidden = false;
    pager.hidden = data.rows <= 25;
    if (note) note.hidden = true;
    look();
  }
})();
