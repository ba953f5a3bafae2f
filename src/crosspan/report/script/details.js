// What hovering or focusing a span or a word shows: its counterpart, links, confidence, runners-up.

const panel = document.getElementById("details");
let pinned = null;
let shown = null;

const REASON_TEXT = {
  no_link: "no word of the translation is linked to it or looks like it",
  below_threshold: "it is more probable that it is not there than that it is any candidate",
  overlap: "another entity has the same words",
  error: "the sentence could not be worked on",
  "filtered:min_confidence": "less sure than asked for",
};
const reasonText = (name) =>
  REASON_TEXT[name] || (name.startsWith("filtered:") ? `taken out by the filter ${name.slice(9)}` : "");

function linksOf(sentence) {
  if (!sentence.links) {
    sentence.links = [];
    const flat = sentence.a || [];
    for (let at = 0; at < flat.length; at += 3) sentence.links.push([flat[at], flat[at + 1], flat[at + 2]]);
  }
  return sentence.links;
}

function clearLight(root) {
  for (const node of root.querySelectorAll(".on, .linked")) {
    node.classList.remove("on", "linked");
    node.style.removeProperty("--p");
  }
}

function light(card, which, at, prob) {
  const word = card.querySelector(`.text[data-side="${which}"] .w[data-at="${at}"]`);
  if (!word) return;
  word.classList.add("linked");
  word.style.setProperty("--p", Math.max(0.25, prob / 100));
}

// Words linked to words `from` to `to` of a side.
function lightLinks(card, sentence, which, from, to) {
  for (const [i, j, prob] of linksOf(sentence)) {
    const [here, there, other] = which === "s" ? [i, j, "t"] : [j, i, "s"];
    if (here >= from && here < to) light(card, other, there, prob);
  }
}

function meter(thousandths) {
  const bar = el("span", { class: "meter" }, el("span", {}));
  bar.firstChild.style.setProperty("--p", thousandths / 1000);
  return bar;
}

function isolated(text, classes) {
  return el("bdi", { class: classes || "quote", dir: direction(text) }, text);
}

function describe({ sentence, entity, target }) {
  const source = textOf(sentence.s, ...entity.source);
  const lines = [el("p", { class: "head" }, chip(entity.label), " ", isolated(source))];
  const rows = el("dl", {});
  const row = (name, ...content) => rows.append(el("dt", {}, name), el("dd", {}, ...content));
  const targets = target ? [target] : entity.targets;
  for (const one of targets) {
    lines[0].append(" → ", isolated(textOf(sentence.t, one.start, one.end)));
    row("Confidence", meter(one.confidence), " ", sure(one.confidence));
    if (one.kind !== null) row("Gold", goldText(sentence, one));
  }
  if (entity.reason !== undefined) {
    const name = META.reasons[entity.reason];
    row("Dropped", el("b", {}, isolated(name, "plain")), reasonText(name) ? `: ${reasonText(name)}` : "");
  }
  const links = linksOf(sentence).filter(([i]) => i >= entity.source[0] && i < entity.source[1]);
  if (links.length) {
    row("Links", el("ul", {}, links.slice(0, 12).map(([i, j, prob]) =>
      el("li", {}, isolated(sentence.s.w[i]), " – ", isolated(sentence.t.w[j]), el("span", { class: "sure" }, ` ${(prob / 100).toFixed(2)}`)))));
  } else if (sentence.a) row("Links", "none");
  row(targets.length ? "Runners-up" : "Candidates", othersList(sentence, entity));
  return [...lines, rows];
}

function othersList(sentence, entity) {
  const items = [];
  for (let at = 0; at < entity.others.length; at += 3) {
    const [start, end, confidence] = entity.others.slice(at, at + 3);
    items.push(el("li", {}, meter(confidence), ` ${sure(confidence)} `, isolated(textOf(sentence.t, start, end))));
  }
  return items.length ? el("ol", { class: "others" }, items) : META.runnersUp ? "none" : "not recorded";
}

function goldText(sentence, target) {
  const kind = kindName(target.kind);
  const there = (sentence.g || []).filter(([, start, end]) => start < target.end && end > target.start);
  if (kind === "exact") return "✓ the same";
  const quoted = there.map(([label, start, end]) => [" ", chip(label), " ", isolated(textOf(sentence.t, start, end))]);
  return el("span", {}, `≠ ${KIND_TEXT[kind]}`, quoted.length ? ":" : "", ...quoted.flat());
}

function showMark(node) {
  const mark = MARKS.get(node);
  const card = node.closest(".card");
  hide();
  shown = node;
  for (const other of card.querySelectorAll(".mark")) {
    if (other.dataset.key === node.dataset.key) other.classList.add("on");
  }
  const side = node.closest(".text").dataset.side;
  lightLinks(card, mark.sentence, side, Number(node.dataset.from), Number(node.dataset.to));
  panel.replaceChildren(...describe(mark));
  panel.hidden = false;
  place(node);
}

function place(node) {
  const box = node.getClientRects()[0] || node.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const view = document.documentElement;
  const left = Math.max(8, Math.min(box.left, view.clientWidth - width - 8));
  const last = node.getBoundingClientRect();
  const below = last.bottom + 8 + height < view.clientHeight || last.top < height + 8;
  panel.style.left = `${left + window.scrollX}px`;
  panel.style.top = `${(below ? last.bottom + 6 : last.top - height - 6) + window.scrollY}px`;
}

function hide() {
  if (shown) clearLight(shown.closest(".card") || document);
  shown = null;
  panel.hidden = true;
}

function unpin() {
  pinned = null;
  panel.classList.remove("pinned");
  hide();
}

function pin(node) {
  const again = pinned === node;
  unpin();
  if (again) return;
  showMark(node);
  pinned = node;
  panel.classList.add("pinned");
}

function listenForDetails(list) {
  list.addEventListener("mouseover", (event) => {
    const mark = event.target.closest(".mark:not(.gold)");
    if (mark) {
      if (!pinned && shown !== mark) showMark(mark);
      return;
    }
    if (pinned) return;
    hide();
    const word = event.target.closest(".w");
    const card = event.target.closest(".card");
    if (!card) return;
    clearLight(card);
    const side = word && word.closest(".text").dataset.side;
    if (!word || side === "g") return;
    const at = Number(word.dataset.at);
    word.classList.add("on");
    lightLinks(card, card.sentence, side, at, at + 1);
  });
  list.addEventListener("mouseleave", () => {
    if (pinned) return;
    hide();
    clearLight(list);
  });
  list.addEventListener("focusin", (event) => {
    if (!pinned && MARKS.has(event.target)) showMark(event.target);
  });
  list.addEventListener("focusout", () => {
    if (!pinned) hide();
  });
  document.addEventListener("click", (event) => {
    const mark = event.target.closest(".mark:not(.gold)");
    if (mark) pin(mark);
    else if (pinned && !panel.contains(event.target)) unpin();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") unpin();
    if ((event.key === "Enter" || event.key === " ") && MARKS.has(event.target)) {
      event.preventDefault();
      pin(event.target);
    }
  });
}
