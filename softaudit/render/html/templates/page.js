"use strict";
(() => {
  const every = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, classes = "", text = "") => {
    const element = document.createElement(tag);
    if (classes) element.className = classes;
    element.textContent = text;
    return element;
  };
  const button = (text, classes = "") => {
    const made = make("button", classes, text);
    made.type = "button";
    return made;
  };
  const source = document.getElementById("data");
  const data = source ? JSON.parse(source.textContent) : { cells: [], inputs: [], maps: { maps: [] } };

  // Sorting: up, down, and as it was.
  const collator = new Intl.Collator("en", { numeric: true });
  const key = (row, column) => {
    const cell = row.cells[column];
    if (!cell || cell.dataset.value === undefined) return cell ? cell.textContent.trim() : "";
    if (cell.dataset.value === "") return null;
    return cell.dataset.value === "inf" ? Infinity : Number(cell.dataset.value);
  };
  const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : collator.compare(a, b);
  const missing = value => value === null || value === "" || Number.isNaN(value);
  const sort = (table, column, direction) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].filter(row => !row.classList.contains("opened"));
    if (!table.order) table.order = rows;
    const keys = new Map(rows.map(row => [row, key(row, column)]));
    const sorted = direction === 0 ? [...table.order] : [...table.order].sort((p, q) => {
      const [a, b] = [keys.get(p), keys.get(q)];
      if (missing(a) || missing(b)) return missing(a) - missing(b);
      return direction * compare(a, b);
    });
    body.append(...sorted.flatMap(row => row.opened ? [row, row.opened] : [row]));
  };
  const sortable = table => {
    const rows = [...table.tHead.rows];
    const leading = rows.length > 1 ? [...rows[0].cells].filter(head => head.rowSpan > 1) : [];
    const heads = [...leading, ...(rows.length > 1 ? rows.at(-1).cells : rows[0].cells)];
    heads.forEach((head, column) => {
      const control = button("");
      control.append(...head.childNodes);
      head.append(control);
      control.addEventListener("click", () => {
        const numeric = [...table.tBodies[0].rows].some(row => row.cells[column]?.dataset.value);
        const turn = numeric ? [-1, 1, 0] : [1, -1, 0];
        const now = { ascending: 1, descending: -1 }[head.getAttribute("aria-sort")] ?? 0;
        const next = turn[(turn.indexOf(now) + 1) % 3];
        heads.forEach(other => other.removeAttribute("aria-sort"));
        if (next) head.setAttribute("aria-sort", next > 0 ? "ascending" : "descending");
        sort(table, column, next);
      });
    });
  };
  every("table.sortable").forEach(sortable);

  // Commands are copied; where that is not allowed, they are selected.
  const status = document.getElementById("told");
  const copyable = control => {
    control.hidden = false;
    control.addEventListener("click", async () => {
      const code = control.previousElementSibling;
      try {
        await navigator.clipboard.writeText(code.textContent);
        control.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(code);
        control.textContent = "selected";
      }
      status.textContent = control.textContent;
      setTimeout(() => { control.textContent = "copy"; status.textContent = ""; }, 1500);
    });
  };
  every(".copy").forEach(copyable);
  const command = (text, of) => {
    const line = make("span", "command"), copy = button("copy", "copy");
    copy.setAttribute("aria-label", `copy command for ${of}`);
    const code = make("code");
    text.split(" ").forEach((word, index) => code.append(index ? " " : "", make("span", "", word)));
    line.append(code, copy);
    copyable(copy);
    return line;
  };

  // An input opens to what was found in it, laid out when it is asked for.
  const found = pairs => pairs.map(([kind, texts]) => {
    const part = make("div", "found"), list = make("ul");
    list.append(...texts.map(text => make("li", "", text)));
    part.append(make("h3", kind, kind), list);
    return part;
  });
  const MAX = data.columns?.indexOf("ULP max");
  const figures = (texts, values, largest) => texts.split("\t").map((text, index) => {
    const cell = make("td", "n", text), value = index < MAX ? values[index] : index > MAX ? values[index - 1] : largest;
    cell.dataset.value = value === null ? "" : String(value);
    if (text === "∞" || (index < 2 && text !== "·" && text !== "–")) cell.classList.add("bad");
    return cell;
  });
  const scrolling = label => {
    const box = make("div", "scroll");
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", label);
    return box;
  };
  const worst = (input, of, [cause, place, computed, exact, number, row]) => {
    const cell = make("td");
    if (cause === undefined) return cell;
    const link = make("a", "cause", cause), [before, after] = input.commands[number];
    link.href = `#cause-${cause}`;
    cell.append(link, ` ${place}: ${computed}, exact ${exact}`);
    if (before) cell.append(command(before + (row && ` --row ${row}`) + after, `${cause}, ${of}`));
    return cell;
  };
  const line = (input, above, [cell, texts, values, ...element]) => {
    const row = make("tr"), head = make("th"), [fn, format, algorithm, anchor, place] = data.cells[cell];
    const link = make("a", "", `${fn} ${format} ${algorithm}`);
    link.href = `#${anchor}`;
    head.scope = "row";
    head.append(link);
    row.dataset.cell = cell;
    row.append(head, ...figures(texts, values, above.cells[place + 3].dataset.value), worst(input, link.textContent, element));
    return row;
  };
  const details = (above, input) => {
    const label = `figures of ${above.cells[0].textContent}`;
    const inside = make("div", "inside"), scroll = scrolling(label), table = make("table"), head = make("tr");
    table.setAttribute("aria-label", label);
    head.append(...["cell", ...data.columns, "worst element"].map((name, index) => {
      const title = make("th", index && index <= data.columns.length ? "n" : "", name);
      title.scope = "col";
      return title;
    }));
    table.createTHead().append(head);
    table.createTBody().append(...input.cells.map(cell => line(input, above, cell)));
    scroll.append(table);
    inside.append(make("p", "facts", input.facts), ...found(input.found));
    if (input.skipped.length) inside.append(...found([["skipped", input.skipped.map(pair => pair.join(": "))]]));
    inside.append(scroll);
    return inside;
  };
  const toggle = (row, open) => {
    const control = row.cells[0].querySelector("button");
    control.setAttribute("aria-expanded", String(open));
    if (open && !row.opened) {
      row.opened = make("tr", "opened");
      const cell = make("td");
      cell.colSpan = row.cells.length;
      cell.append(details(row, data.inputs[Number(row.id.slice(6)) - 1]));
      row.opened.append(cell);
      row.after(row.opened);
    }
    if (row.opened) row.opened.hidden = !open;
  };
  const inputs = document.getElementById("inputs-table");
  const lines = inputs ? [...inputs.tBodies[0].rows] : [];
  lines.forEach(row => {
    const control = button("");
    control.append(...row.cells[0].childNodes);
    control.setAttribute("aria-expanded", "false");
    control.addEventListener("click", () => toggle(row, control.getAttribute("aria-expanded") !== "true"));
    row.cells[0].append(control);
  });

  // Filtering by name and by state, of any cell or of one.
  const form = document.querySelector(".filter");
  if (form && lines.length > 1) {
    form.hidden = false;
    form.addEventListener("submit", event => event.preventDefault());
    const [text, state, cell, count] = ["text", "state", "cell", "count"].map(name => document.getElementById(`filter-${name}`));
    const states = row => cell.value === "" ? [...row.cells].slice(3) : [row.cells[Number(cell.value) + 3]];
    const apply = () => {
      const wanted = text.value.trim().toLowerCase();
      let shown = 0;
      lines.forEach(row => {
        const named = row.cells[0].textContent.toLowerCase().includes(wanted);
        const hit = named && (!state.value || states(row).some(square => square.classList.contains(state.value[0])));
        row.hidden = !hit;
        if (row.opened) row.opened.hidden = !hit || row.cells[0].querySelector("button").getAttribute("aria-expanded") !== "true";
        shown += hit;
      });
      count.textContent = shown === lines.length ? `${shown} inputs` : `${shown} of ${lines.length} inputs`;
    };
    [text, state, cell].forEach(control => control.addEventListener("input", apply));
    apply();
  }

  // Maps by the first axes, of all inputs of a shape together or of one.
  const square = (code, title) => {
    const [text, step] = data.maps.texts[code], made = make("td", step === null ? "" : `heat l${step}`, text);
    made.title = `${title}: ${text} ULP`;
    return made;
  };
  const map = (shape, codes) => {
    const width = Math.min(shape.at(-1), shape.length === 1 ? 32 : Infinity), dense = width > 14;
    const table = make("table", dense ? "map dense" : "map"), body = table.createTBody();
    const stride = dense ? 8 : 1, head = table.createTHead().insertRow();
    head.append(make("th"));
    for (let column = 0; column < width; column += stride) {
      const title = make("th", "", column);
      title.colSpan = Math.min(stride, width - column);
      head.append(title);
    }
    for (let start = 0; start < codes.length; start += width) {
      const row = body.insertRow();
      row.append(make("th", "", shape.length === 1 ? start : start / width));
      codes.slice(start, start + width).forEach((code, column) => {
        const place = shape.length === 1 ? [start + column] : [start / width, column];
        row.append(square(code, `(${place.join(", ")})`));
      });
    }
    return table;
  };
  const axes = ([down, across], codes) => {
    if (across !== undefined) return `axis 0, ${down} down; axis 1, ${across} across`;
    return `axis 0, ${codes.length} across${codes.length > 32 ? ", 32 in a line" : ""}`;
  };
  const mapped = (card, number) => {
    const having = data.maps.maps.filter(([, , cells]) => number in cells);
    if (!having.length) return;
    const part = make("div", "maps"), label = make("label", "", "largest error along the first axes, the class axis not counted, of "), choice = make("select");
    const place = scrolling("map of largest errors"), named = make("p", "lead");
    choice.append(...having.map(([name, shape], index) => new Option(`${name}${name.startsWith("all ") ? "" : ` (${shape.join(" × ")})`}`, index)));
    const show = () => {
      const [name, shape, cells] = having[Number(choice.value)], table = map(shape, cells[number]);
      named.textContent = axes(shape, cells[number]);
      table.setAttribute("aria-label", `largest errors of ${name}: ${named.textContent}`);
      place.replaceChildren(table);
    };
    choice.addEventListener("input", show);
    label.append(choice);
    part.append(label, named, place);
    if (data.maps.left_out) part.append(make("p", "lead", `Maps of ${data.maps.left_out} more inputs are in the JSON report.`));
    card.querySelector(".more").append(part);
    show();
  };
  every(".card").forEach(card => {
    const more = card.querySelector(".more"), head = card.querySelector("h3");
    more.firstElementChild.addEventListener("click", () => requestAnimationFrame(() => head.scrollIntoView({ block: "nearest" })));
    more.addEventListener("toggle", () => { if (more.open && !more.querySelector(".maps")) mapped(card, card.dataset.number); });
  });

  // What a link leads to is open.
  const decoded = id => { try { return decodeURIComponent(id); } catch { return id; } };
  const arrive = () => {
    const id = location.hash.slice(1), target = document.getElementById(id) ?? document.getElementById(decoded(id));
    if (!target) return;
    if (target.matches(".card")) { target.querySelector(".more").open = true; target.scrollIntoView(); }
    if (target.parentElement === inputs?.tBodies[0]) { toggle(target, true); target.scrollIntoView(); }
  };
  addEventListener("hashchange", arrive);
  addEventListener("click", event => {  // the address stays as it is, and says nothing
    const link = event.target.closest?.("a[href^='#']");
    if (link && link.hash === location.hash) arrive();
  });
  arrive();

  // Print shows what is folded; afterwards all is as it was.
  let folded = [];
  addEventListener("beforeprint", () => { folded = every("details:not([open])"); folded.forEach(part => { part.open = true; }); });
  addEventListener("afterprint", () => folded.forEach(part => { part.open = false; }));
})();
