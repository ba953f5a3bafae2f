// The sentence at hand, drawn: both sides, what is known of the selected span, and what can be done.

const card = document.getElementById("card");

// What was done, or why not: for who listens, and in the panel for who looks.
function say(text) {
  document.getElementById("status").textContent = text || "";
  const shown = document.getElementById("said");
  if (shown) shown.textContent = text || "";
}

const VERDICT_TEXT = { done: "decided", reject: "rejected", skip: "skipped" };
const DRAWN_TEXT = { random: "drawn by chance", uncertain: "least sure" };

// Words that a place touches: [first, one past the last]
function wordsAt(start, end) {
  const first = here.ends.findIndex((one) => one > start);
  const last = here.starts.findLastIndex((one) => one < end);
  return [Math.max(0, first), Math.max(0, last + 1)];
}

function headBadges() {
  const { decision, sentence } = here;
  const found = [el("span", { class: "badge" }, DRAWN_TEXT[here.drawn] || "looked for")];
  const least = leastSure(sentence);
  if (least <= 1000) found.push(el("span", { class: least < 500 ? "badge warn" : "badge" }, `lowest ${sure(least)}`));
  if (decision) {
    const who = decision.who ? [" by ", el("bdi", {}, decision.who)] : [];
    found.push(el("span", { class: "badge decided" }, VERDICT_TEXT[decision.verdict], ...who, decision.when ? ` · ${new Date(decision.when).toLocaleString()}` : ""));
  }
  if (edited()) found.push(el("span", { class: "badge warn" }, "not saved yet"));
  if (here.stale) found.push(el("span", { class: "badge bad" }, "the text was changed since it was decided: decide again"));
  return found;
}

function markOfSpan(span, number) {
  const chosen = here.selected === number;
  const covered = here.cursor && here.cursor.start < span.end && here.cursor.end > span.start;
  const classes = ["mark", isUnsure(span) && "unsure", chosen && `selected at-${here.edge}`, covered && "replaced"];
  const [from, to] = wordsAt(span.start, span.end);
  const node = el("span", {
    class: classes.filter(Boolean).join(" "), hue: hueOf(span.label), "data-span": number, "data-from": from, "data-to": to,
    "data-key": span.entity ? span.entity.key : `own-${number}`,
  });
  MARKS.set(node, { sentence: here.sentence, entity: span.entity });
  const tag = el("bdi", { class: "tag" }, labelName(span.label));
  if (span.score !== null) tag.append(" ", el("span", { class: "sure" }, sure(1000 * span.score)));
  if (span.own) tag.append(" ✎");
  else if (span.checked) tag.append(" ✓");
  return [span.start, span.end, node, tag];
}

// The parts of the cursor that are in no span.
function cursorParts() {
  if (!here.cursor) return [];
  const parts = [];
  let { start } = here.cursor;
  for (const span of [...here.spans, { start: here.cursor.end, end: here.cursor.end }]) {
    const end = Math.min(span.start, here.cursor.end);
    if (start < end) parts.push([start, end, el("span", { class: "cursor" }), ""]);
    start = Math.max(start, span.end);
  }
  return parts;
}

function targetOf() {
  const spans = [...here.spans.map(markOfSpan), ...cursorParts()].sort((one, other) => one[0] - other[0]);
  const side = renderSide(here.sentence.t, "t", spans);
  fill(side, { tabindex: 0, id: "target", "aria-label": `Target: ${here.text}`, "aria-describedby": "status" }, []);
  return side;
}

function aboutSelected() {
  const span = selected();
  const about = el("div", { class: "about" });
  if (!span) {
    const marked = here.cursor ? ["Marked: ", isolated(here.text.slice(here.cursor.start, here.cursor.end)), ". A label adds a span here."] : "No span is selected.";
    about.append(el("p", { class: "note" }, ...[marked].flat()));
    return about;
  }
  const head = el("p", { class: "head" }, chip(span.label), " ", isolated(here.text.slice(span.start, span.end)));
  const rows = el("dl", {});
  const row = (name, ...content) => rows.append(el("dt", {}, name), el("dd", {}, ...content));
  if (span.entity) head.append(" ← ", isolated(textOf(here.sentence.s, ...span.entity.source)));
  if (span.score !== null) row("Confidence", meter(1000 * span.score), " ", sure(1000 * span.score));
  const before = span.own && here.base.find((one) => one.start < span.end && one.end > span.start);
  if (span.score === null) row("Confidence", span.own ? `none: ${before ? "changed" : "put here"} by hand` : "not known");
  if (before) row("It came as", chip(before.label), " ", isolated(here.text.slice(before.start, before.end)));
  const links = span.entity && linksList(here.sentence, span.entity);
  if (links) row("Links", links);
  about.append(head, rows);
  return about;
}

const key = (name) => el("kbd", {}, name);
function action(name, text, keys, more) {
  return el("button", { type: "button", "data-do": name, ...more }, text, keys ? key(keys) : null);
}

function labelButtons() {
  const span = selected();
  const shown = META.common.slice(0, 9).map((number, at) =>
    action("label", el("bdi", {}, labelName(number)), String(at + 1), { class: "label", hue: hueOf(number), "data-label": number, "aria-pressed": span ? String(span.label === number) : null }));
  return [...shown, action("choose", "other", "l")];
}

function steps(edge, enabled) {
  const one = (way, arrow, name) =>
    el("button", { type: "button", "data-do": "edge", "data-edge": edge, "data-way": way, disabled: !enabled, "aria-label": `Move the ${edge} ${name}` }, arrow);
  const right = direction(here.text) === "rtl";
  const [back, on] = [one(-1, right ? "→" : "←", "towards the beginning"), one(1, right ? "←" : "→", "towards the end of the text")];
  return el("span", { class: enabled && here.edge === edge ? "steps active" : "steps" }, edge, ...(right ? [on, back] : [back, on]));
}

function panel() {
  const span = selected();
  const fine = el("label", { class: "steps" }, el("input", { type: "checkbox", "data-do": "fine", checked: byCharacter }), "by character");
  return el("div", { class: "panel" },
    el("p", { id: "said", "aria-hidden": "true" }, document.getElementById("status").textContent),
    el("div", { class: "row", role: "group", "aria-label": "Label" }, el("h3", {}, span ? "LABEL" : "ADD"), labelButtons()),
    el("div", { class: "row", role: "group", "aria-label": "Span" }, el("h3", {}, "SPAN"),
      action("accept", "Accept", "a", { disabled: !span }), action("remove", "Reject", "x", { disabled: !span }),
      steps("start", Boolean(span)), steps("end", Boolean(span)), fine, action("unsure", "Next unsure", "n"),
      action("undo", "Undo", "u", { disabled: !here.past.length }), action("redo", "Redo", "U", { disabled: !here.future.length })),
    el("div", { class: "row", role: "group", "aria-label": "Sentence" }, el("h3", {}, "SENTENCE"),
      action("save", "Right as it stands: save", "Enter", { class: "main" }), action("skip", "Skip", "s"), action("reject", "Cannot be mended", "r"),
      here.decision ? action("open", "Take the decision back", "o") : null,
      el("span", { class: "gap" }), action("back", "Previous", "p"), action("next", "Next", "Space")));
}

function droppedLines() {
  if (!here.sentence.d) return null;
  return el("ul", { class: "dropped" }, here.sentence.d.map(([label, start, end, reason]) =>
    el("li", {}, chip(label), " ", isolated(textOf(here.sentence.s, start, end)), " was dropped: ", el("b", { title: reasonOf(META.reasons[reason])[1] }, isolated(reasonOf(META.reasons[reason])[0], "plain")))));
}

function drawSentence() {
  const focused = card.contains(document.activeElement) ? document.activeElement : null;
  const again = focused && (focused.id === "target" ? "#target" : focused.dataset.do && selectorOf(focused));
  const opener = card.querySelector("details");
  const { sentence } = here;
  card.sentence = sentence;
  const heading = el("div", { class: "heading" }, el("span", { class: "number" }, `#${whole(sentence.i)}`),
    sentence.id === `#${sentence.i}` ? null : el("bdi", { class: "id" }, sentence.id), ...headBadges());
  const target = el("div", {}, el("h3", {}, "target", sentence.t.l ? ` · ${sentence.t.l}` : ""), targetOf());
  const source = sentence.f ? el("div", {}, el("h3", {}, "source", sentence.s.l ? ` · ${sentence.s.l}` : ""), sourceSide(sentence)) : null;
  const links = sentence.a ? el("details", { open: Boolean(opener && opener.open) }, el("summary", {}, "word links")) : null;
  if (links) {
    const show = () => (links.open && links.children.length === 1 ? links.append(matrix(sentence)) : null);
    links.addEventListener("toggle", show);
    links.addEventListener("click", (event) => (event.detail ? setTimeout(flow.focus) : null));
    show();
  }
  const sides = [source && "sides", Math.max(sentence.s.w.length, sentence.t.w.length) > 60 && "long"].filter(Boolean);
  card.replaceChildren(heading, el("div", { class: sides.join(" ") }, source, target), droppedLines() || "", panel(), aboutSelected(), links || "");
  relight();
  const chosen = card.querySelector("#target .selected, #target .cursor");
  if (chosen) chosen.scrollIntoView({ block: "nearest" });
  const next = again && card.querySelector(again);
  if (next && !next.disabled) next.focus({ preventScroll: true });
  else if (focused) flow.focus();
}

const selectorOf = (node) =>
  ["do", "edge", "way", "label"].filter((name) => node.dataset[name] !== undefined).map((name) => `[data-${name}="${CSS.escape(node.dataset[name])}"]`).join("");

// What is lit when the mouse points at nothing: the selected span with its counterpart and links.
function relight() {
  clearLight(card);
  const node = here && here.selected !== null && card.querySelector(`#target .mark[data-span="${here.selected}"]`);
  if (node) lightMark(node);
}

function drawEnd(counts) {
  card.replaceChildren(el("div", { class: "end" },
    el("h2", {}, `All ${plural(counts.all, "sentence")} are decided.`),
    el("p", {}, "End the server with Ctrl-C where it was started. It says there how to go on with ", el("code", {}, "crosspan review apply"), "."),
    el("p", {}, action("back", "Look at the last one again", "p"))));
  card.querySelector("button").focus();
}

// Place in the text of a point of the page; what tags say is no text.
function placeOfPoint(side, node, offset) {
  const range = document.createRange();
  range.setStart(side, 0);
  range.setEnd(node, offset);
  const copy = range.cloneContents();
  for (const tag of copy.querySelectorAll(".tag")) tag.remove();
  return copy.textContent.length;
}

// What is marked with the mouse, as places in the text; the same place twice where nothing is.
function placesOfSelection(side, selection) {
  if (!selection.rangeCount) return [0, 0]; // the mouse was on a tag, which cannot be marked
  const { startContainer, startOffset, endContainer, endOffset } = selection.getRangeAt(0);
  if (!side.contains(startContainer) || !side.contains(endContainer)) return [0, 0];
  return [placeOfPoint(side, startContainer, startOffset), placeOfPoint(side, endContainer, endOffset)];
}

card.addEventListener("mouseover", (event) => {
  const mark = event.target.closest(".mark");
  const word = event.target.closest(".w");
  if (!here || !(mark || word)) return;
  clearLight(card);
  if (mark && MARKS.get(mark)) lightMark(mark);
  else lightWord(card, word);
});
card.addEventListener("mouseleave", relight);
card.addEventListener("mouseup", (event) => {
  const side = event.target.closest("#target");
  const selection = window.getSelection();
  if (!here || !side) return;
  const places = placesOfSelection(side, selection);
  const mark = event.target.closest(".mark");
  const word = event.target.closest(".w");
  if (places[0] < places[1]) setMarked(...places);
  else if (mark) select(Number(mark.dataset.span));
  else if (word) setCursor(Number(word.dataset.at), Number(word.dataset.at));
  else return;
  selection.removeAllRanges();
  drawSentence();
  flow.focus();
});
card.addEventListener("click", (event) => {
  const mark = event.target.closest('[data-side="s"] .mark');
  if (!here || !mark) return;
  const number = here.spans.findIndex((span) => span.entity && span.entity.key === mark.dataset.key);
  if (number < 0) return;
  select(number);
  drawSentence();
});
