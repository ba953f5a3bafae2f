// What is known of a span: its counterpart, links, confidence, runners-up; and how links are lit up.

// Why a span was dropped: in a few words, and in a sentence. Files have the name.
const REASONS = {
  no_link: ["no counterpart", "no word of the translation is linked to it or looks like it"],
  below_threshold: ["probably not there", "it is more probable that the translation leaves it out than that any candidate is right"],
  overlap: ["words taken", "another entity, of which more is sure, has the same words"],
  unobserved: ["label not used", "the target has no such label"],
  error: ["sentence failed", "the sentence could not be worked on"],
  "filtered:min_confidence": ["not sure enough", "its confidence is lower than was asked for"],
};
function reasonOf(name) {
  if (Object.hasOwn(REASONS, name)) return REASONS[name];
  return name.startsWith("filtered:") ? [`filter ${name.slice(9)}`, `the filter ${name.slice(9)} took it out`] : [name, ""];
}

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
  for (const word of card.querySelectorAll(`.text[data-side="${which}"] .w[data-at="${at}"]`)) {
    word.classList.add("linked");
    word.style.setProperty("--p", Math.max(0.25, prob / 100));
  }
}

// Words linked to words `from` to `to` of a side.
function lightLinks(card, sentence, which, from, to) {
  for (const [i, j, prob] of linksOf(sentence)) {
    const [here, there, other] = which === "s" ? [i, j, "t"] : [j, i, "s"];
    if (here >= from && here < to) light(card, other, there, prob);
  }
}

// A span, the span that it belongs to on the other side, and the words that it is linked to.
function lightMark(node) {
  const card = node.closest(".card");
  for (const other of card.querySelectorAll(".mark")) {
    if (other.dataset.key === node.dataset.key) other.classList.add("on");
  }
  const { sentence } = MARKS.get(node);
  lightLinks(card, sentence, node.closest(".text").dataset.side, Number(node.dataset.from), Number(node.dataset.to));
}

// A word and the words that it is linked to, and nothing else.
function lightWord(card, word) {
  clearLight(card);
  const side = word && word.closest(".text").dataset.side;
  if (!word || side === "g") return;
  const at = Number(word.dataset.at);
  word.classList.add("on");
  lightLinks(card, card.sentence, side, at, at + 1);
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
  const source = META.alone ? [] : [" ", isolated(textOf(sentence.s, ...entity.source)), entity.targets.length ? " →" : ""];
  const lines = [el("p", { class: "head" }, chip(entity.label), ...source)];
  const rows = el("dl", {});
  const row = (name, ...content) => rows.append(el("dt", {}, name), el("dd", {}, ...content));
  const targets = target ? [target] : entity.targets;
  for (const one of targets) {
    lines[0].append(" ", isolated(textOf(sentence.t, one.start, one.end)));
    if (one.confidence !== null) row("Confidence", meter(one.confidence), " ", sure(one.confidence));
    if (one.kind !== null) row("Gold", goldText(sentence, one));
  }
  if (entity.reason !== undefined) {
    const name = META.reasons[entity.reason];
    const [short, long] = reasonOf(name);
    row("Dropped", el("b", {}, isolated(short, "plain")), long ? [": ", isolated(long, "plain")] : "", short === name ? "" : el("small", {}, " (", isolated(name, "plain"), ")"));
  }
  if (META.alone) return [...lines, rows];
  const links = linksList(sentence, entity);
  if (links) row("Links", links);
  row(targets.length ? "Runners-up" : "Candidates", othersList(sentence, entity));
  return [...lines, rows];
}

const UNKNOWN_OTHERS = "not known: only methods that weigh candidates have them, and only where the report projects by itself, " +
  "from SOURCE and a TARGET without labels. A projection that was made before does not keep them.";

// The links of an entity; null where no links are known.
function linksList(sentence, entity) {
  const links = linksOf(sentence).filter(([i]) => i >= entity.source[0] && i < entity.source[1]);
  if (!links.length) return sentence.a ? "none" : null;
  return el("ul", {}, links.slice(0, 12).map(([i, j, prob]) =>
    el("li", {}, isolated(sentence.s.w[i]), " – ", isolated(sentence.t.w[j]), el("span", { class: "sure" }, ` ${(prob / 100).toFixed(2)}`))));
}

function othersList(sentence, entity) {
  const items = [];
  for (let at = 0; at < entity.others.length; at += 3) {
    const [start, end, confidence] = entity.others.slice(at, at + 3);
    items.push(el("li", {}, meter(confidence), ` ${sure(confidence)} `, isolated(textOf(sentence.t, start, end))));
  }
  return items.length ? el("ol", { class: "others" }, items) : META.runnersUp ? "none" : UNKNOWN_OTHERS;
}

function goldText(sentence, target) {
  const kind = kindName(target.kind);
  const there = (sentence.g || []).filter(([, start, end]) => start < target.end && end > target.start);
  if (kind === "exact") return "✓ the same";
  const quoted = there.map(([label, start, end]) => [" ", chip(label), " ", isolated(textOf(sentence.t, start, end))]);
  return el("span", {}, `≠ ${KIND_TEXT[kind]}`, quoted.length ? ":" : "", ...quoted.flat());
}

