"use strict";
// A click on a column's head sorts by it, a second one the other way round. Numbers come before words, nothing last.
function rank(key) {
  return key === "" ? 2 : Number.isNaN(Number(key)) ? 1 : 0;
}
function compare(a, b, sign) {
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  return rank(a) === 0 ? sign * (Number(a) - Number(b)) : sign * a.localeCompare(b);
}
function sortBy(table, head) {
  const descending = head.getAttribute("aria-sort") === "ascending";
  const body = table.tBodies[0];
  const key = (row) => row.cells[head.cellIndex].dataset.key;
  const rows = [...body.rows].sort((a, b) => compare(key(a), key(b), descending ? -1 : 1));
  body.append(...rows);
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
}
for (const table of document.querySelectorAll("table")) {
  for (const head of table.tHead.rows[0].cells) {
    head.querySelector("button").addEventListener("click", () => sortBy(table, head));
  }
}
