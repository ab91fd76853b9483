"use strict";
for (const place of document.querySelectorAll("pre[data-query]")) {
  place.replaceChildren(document.querySelector(`#${place.dataset.query} code`).cloneNode(true));
}

for (const sheet of document.querySelectorAll(".sheet")) {
  const body = sheet.querySelector("tbody");
  const heads = [...sheet.querySelectorAll("thead th")];
  const status = sheet.querySelector(".count");
  const label = sheet.querySelector(".filter");
  const all = status.textContent;
  const input = label.querySelector("input");

  const order = (column, direction) => (a, b) => {
    const [x, y] = [a, b].map((row) => row.cells[column].dataset.value);
    if (x === "" || y === "") return (x === "") - (y === "");
    const [m, n] = [Number(x), Number(y)];
    return direction * (Number.isNaN(m) || Number.isNaN(n) ? x.localeCompare(y) : m - n);
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const first = head.dataset.first ?? "ascending"; // the best on top
      const second = first === "ascending" ? "descending" : "ascending";
      const wanted = head.getAttribute("aria-sort") === first ? second : first;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", wanted);
      body.append(...[...body.rows].sort(order(column, wanted === "ascending" ? 1 : -1)));
    });
  });

  label.hidden = body.rows.length < 4;
  input.addEventListener("input", () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    status.textContent = wanted.length ? `${shown.toLocaleString("en")} of ${all}` : all;
  });
}
