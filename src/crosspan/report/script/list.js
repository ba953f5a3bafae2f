// The list of sentences, page by page.

let listed = [];
const list = document.getElementById("list");

function badges(sentence) {
  const found = [];
  const least = leastSure(sentence);
  if (least <= 1000) found.push(el("span", { class: least < 500 ? "badge warn" : "badge" }, `lowest ${sure(least)}`));
  if (sentence.d) found.push(el("span", { class: "badge warn" }, `${sentence.d.length} dropped`));
  if (disagrees(sentence)) found.push(el("span", { class: "badge bad" }, "≠ gold"));
  if (sentence.e !== undefined) found.push(el("span", { class: "badge bad" }, "left out"));
  return found;
}

function droppedLine(sentence) {
  if (!sentence.d) return null;
  return el("ul", { class: "dropped" }, sentence.d.map(([label, start, end, reason]) =>
    el("li", {}, chip(label), " ", isolated(textOf(sentence.s, start, end)), " dropped: ", el("b", { title: reasonOf(META.reasons[reason])[1] }, isolated(reasonOf(META.reasons[reason])[0], "plain")))));
}

function renderSentence(sentence) {
  const name = sentence.id === undefined ? null : el("bdi", { class: "id" }, sentence.id);
  const heading = el("div", { class: "heading" }, el("span", { class: "number" }, `#${whole(sentence.i)}`), name, badges(sentence));
  const card = el("li", { class: "card sentence" }, heading);
  card.sentence = sentence;
  const source = META.alone ? null : el("div", {}, el("h3", {}, "source", sentence.s.l ? ` · ${sentence.s.l}` : ""), sourceSide(sentence));
  const sides = el("div", { class: META.alone ? "" : "sides" }, source);
  card.append(sides);
  if (sentence.e !== undefined) {
    sides.append(el("div", {}, el("h3", {}, "left out"), el("p", { class: "error" }, isolated(sentence.e, "plain")),
      sentence.t ? renderSide(sentence.t, "t", []) : null));
    return card;
  }
  const heads = META.alone && !sentence.t.l && !disagrees(sentence) ? null : el("h3", {}, META.alone ? "found" : "target", sentence.t.l ? ` · ${sentence.t.l}` : "");
  const target = el("div", {}, heads, targetSide(sentence));
  sides.append(target);
  if (disagrees(sentence)) target.append(el("h3", {}, "gold"), goldSide(sentence));
  const dropped = droppedLine(sentence);
  if (dropped) card.append(dropped);
  if (META.alone) return card;
  const opener = el("details", {}, el("summary", {}, "word links"));
  opener.addEventListener("toggle", () => {
    if (opener.open && opener.children.length === 1) opener.append(matrix(sentence));
  });
  card.append(opener);
  return card;
}

function choose() {
  listed = SENTENCES.filter(sentenceFits).sort(ORDERS[state.order][1]);
  draw();
}

function draw() {
  unpin();
  const pages = Math.max(1, Math.ceil(listed.length / state.size));
  state.page = Math.min(Math.max(0, state.page), pages - 1);
  const first = state.page * state.size;
  const part = listed.slice(first, first + state.size);
  list.replaceChildren(...part.map(renderSentence));
  if (!part.length) list.append(el("li", { class: "card none" }, "No sentence on this page is like that. Clear some filters."));
  const range = part.length ? `, ${whole(first + 1)}–${whole(first + part.length)} here` : "";
  document.getElementById("count").textContent = `${whole(listed.length)} of ${plural(SENTENCES.length, "sentence")}${range}`;
  for (const pager of document.querySelectorAll(".pager")) drawPager(pager, pages);
}

function drawPager(pager, pages) {
  const focused = pager.contains(document.activeElement) ? document.activeElement.name : null;
  const button = (name, text, label, to) =>
    el("button", { type: "button", name, "aria-label": label, disabled: to < 0 || to >= pages || to === state.page, "data-to": to }, text);
  pager.replaceChildren(
    button("first", "«", "First page", 0), button("previous", "‹", "Previous page", state.page - 1),
    el("span", {}, `${whole(state.page + 1)} / ${whole(pages)}`),
    button("next", "›", "Next page", state.page + 1), button("last", "»", "Last page", pages - 1));
  if (focused) pager.querySelector(`[name="${focused}"]`).focus();
}

function turn(to) {
  state.page = to;
  draw();
  const heading = document.getElementById("sentences");
  if (heading.getBoundingClientRect().top < 0) heading.scrollIntoView();
}

function sampleText() {
  const { size, seed, kinds } = META.sample;
  const all = TOTALS.sentences + TOTALS.rejected;
  if (size === all) return `All ${plural(all, "sentence")} are here.`;
  const names = ["that disagree with gold", META.alone ? "left out" : "with a dropped span or left out", "with the lowest confidences", "chosen by chance"];
  const parts = kinds.map((n, at) => (n ? `${whole(n)} ${names[at]}` : "")).filter(Boolean);
  const long = META.tooLong ? ` ${plural(META.tooLong, "sentence")} would have made the page too large.` : "";
  return `A sample of ${whole(size)} of ${whole(all)} sentences (seed ${seed}): ${parts.join(", ")}.${long} Filters look at the sample; the figures above are over all sentences.`;
}

drawTotals();
drawFigures();
drawFilters();
document.getElementById("sample").textContent = sampleText();
for (const pager of document.querySelectorAll(".pager")) {
  pager.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) turn(Number(button.dataset.to));
  });
}
document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("input, select, textarea, .scroll")) return;
  if (event.key === "ArrowLeft") turn(state.page - 1);
  if (event.key === "ArrowRight") turn(state.page + 1);
});
window.addEventListener("resize", () => (shown ? place(shown) : null));
listenForDetails(list);
choose();
