// Sentences with their spans.

function gapsOf(side) {
  if (!side.gaps) {
    side.gaps = new Map();
    for (let at = 0; side.x && at < side.x.length; at += 2) side.gaps.set(side.x[at], side.x[at + 1]);
  }
  return side.gaps;
}

function gapBefore(side, place) {
  const gap = gapsOf(side).get(place);
  return gap !== undefined ? gap : place > 0 && place < side.w.length ? " " : "";
}

function textOf(side, start, end) {
  let text = "";
  for (let at = start; at < end; at += 1) text += (at > start ? gapBefore(side, at) : "") + side.w[at];
  return text;
}

// Where each word stands in the text of its side: [[start, end], …] in characters as JavaScript counts them.
function placesOf(side) {
  if (!side.places) {
    let at = 0;
    side.places = side.w.map((word, number) => {
      const start = at + gapBefore(side, number).length;
      at = start + word.length;
      return [start, at];
    });
  }
  return side.places;
}

const placeOf = (side, start, end) => [placesOf(side)[start][0], placesOf(side)[end - 1][1]];

// What is known of each source span of a sentence: [{key, label, source, targets, reason, others}]
function entitiesOf(sentence) {
  if (sentence.entities) return sentence.entities;
  const found = new Map();
  for (const [label, start, end, from, to, confidence, kind, others] of sentence.p || []) {
    const key = `${start}-${end}`;
    if (!found.has(key)) found.set(key, { key, label, source: [start, end], targets: [], others });
    found.get(key).targets.push({ start: from, end: to, confidence, kind });
  }
  for (const [label, start, end, reason, others] of sentence.d || []) {
    const key = `${start}-${end}`;
    found.set(key, { key, label, source: [start, end], targets: [], reason, others });
  }
  for (const [label, start, end] of sentence.u || []) {
    found.set(`${start}-${end}`, { key: `${start}-${end}`, label, source: [start, end], targets: [], others: [] });
  }
  sentence.entities = [...found.values()].sort((one, other) => one.source[0] - other.source[0]);
  return sentence.entities;
}

const KIND_TEXT = {
  exact: "as in gold",
  label: "gold has another label",
  boundary: "gold has other words",
  both: "gold has other words and another label",
  missed: "missed: in gold alone",
  spurious: "not in gold",
};
const kindName = (number) => META.kinds[number];

const MARKS = new WeakMap(); // element of a span -> {sentence, entity, target}

function markOf(sentence, entity, target, start, end) {
  const wrong = target && target.kind !== null && kindName(target.kind) !== "exact";
  const classes = ["mark", entity.reason !== undefined && "gone", wrong && "wrong"].filter(Boolean).join(" ");
  const node = el("span", {
    class: classes, hue: hueOf(entity.label), tabindex: 0, role: "button", "data-key": entity.key,
    "aria-describedby": "details", "data-from": start, "data-to": end,
  });
  MARKS.set(node, { sentence, entity, target });
  return node;
}

function tagOf(entity, target) {
  const tag = el("bdi", { class: "tag" }, labelName(entity.label));
  if (target && target.confidence !== null) tag.append(" ", el("span", { class: "sure" }, sure(target.confidence)));
  if (target && target.kind !== null && kindName(target.kind) !== "exact") tag.append(" ≠");
  if (entity.reason !== undefined) tag.append(" ✕");
  return tag;
}

// One side of a sentence: `spans` are [start, end, element, tag] in characters, in order and without overlap. A word that
// one of them cuts stands in pieces.
function renderSide(side, which, spans) {
  const words = el("p", { class: "text", dir: direction(side.w.join(" ")), lang: side.l, "data-side": which });
  const ahead = [...spans];
  let at = 0;
  let into = words;
  const put = (text, word) => {
    for (let from = 0; from < text.length;) {
      if (into === words && ahead.length && ahead[0][0] === at) words.append((into = ahead[0][2]));
      const edge = ahead.length ? ahead[0][into === words ? 0 : 1] : Infinity;
      const piece = text.slice(from, from + edge - at);
      into.append(word === null ? piece : el("span", { class: "w", "data-at": word }, piece));
      from += piece.length;
      at += piece.length;
      if (into !== words && at === edge) {
        into.append(ahead.shift()[3]);
        into = words;
      }
    }
  };
  side.w.forEach((word, number) => {
    put(gapBefore(side, number), null);
    put(word, number);
  });
  put(gapBefore(side, side.w.length), null);
  return words;
}

function sourceSide(sentence) {
  const spans = entitiesOf(sentence).map((entity) => {
    const [start, end] = entity.source;
    return [...placeOf(sentence.s, start, end), markOf(sentence, entity, null, start, end), tagOf(entity, null)];
  });
  return renderSide(sentence.s, "s", spans);
}

function targetSide(sentence) {
  const spans = [];
  for (const entity of entitiesOf(sentence)) {
    for (const target of entity.targets) {
      const node = markOf(sentence, entity, target, target.start, target.end);
      spans.push([...placeOf(sentence.t, target.start, target.end), node, tagOf(entity, target)]);
    }
  }
  spans.sort((one, other) => one[0] - other[0]);
  return renderSide(sentence.t, "t", spans);
}

function goldSide(sentence) {
  const spans = sentence.g.map(([label, start, end, kind]) => {
    const node = el("span", { class: `mark gold ${kindName(kind)}`, hue: hueOf(label), title: KIND_TEXT[kindName(kind)] });
    return [...placeOf(sentence.t, start, end), node, el("bdi", { class: "tag" }, labelName(label), kindName(kind) === "exact" ? "" : ` ${kindName(kind)}`)];
  });
  return renderSide(sentence.t, "g", spans);
}

const disagrees = (sentence) =>
  Boolean(sentence.g) &&
  ((sentence.p || []).some((span) => span[6] !== null && kindName(span[6]) !== "exact") ||
    sentence.g.some((span) => kindName(span[3]) !== "exact"));

const leastSure = (sentence) => (sentence.p || []).reduce((least, span) => (span[5] === null ? least : Math.min(least, span[5])), 1001);
