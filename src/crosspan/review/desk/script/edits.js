// The spans of the sentence at hand, and every change of them. Places are UTF-16 units of the text of the target.

let here = null; // the sentence at hand, see opened() and take()
const drafts = new Map(); // what was edited and not saved, by sentence
let byCharacter = false;

// A span with what is known of it from the start, if it is one of those that the sentence came with.
function known(base, { start, end, label, checked }) {
  const from = base.find((span) => span.start === start && span.end === end && span.label === label);
  const near = from || base.find((span) => span.start < end && span.end > start);
  return { start, end, label, checked: Boolean(checked), score: from ? from.score : null, entity: near && near.entity, own: !from };
}

function take(sentence) {
  const draft = sentence && drafts.get(sentence.index);
  here = sentence;
  if (!here) return;
  // The version that a draft began with stays: who decided meanwhile is noticed when it is saved.
  Object.assign(here, { spans: here.first, past: [], future: [], selected: null, edge: "end", cursor: null }, draft);
}

const same = (one, other) =>
  one.length === other.length &&
  one.every((span, at) => span.start === other[at].start && span.end === other[at].end && span.label === other[at].label);
const edited = () => Boolean(here) && !same(here.spans, here.first);

function keepDraft() {
  if (!here) return;
  const { version, spans, past, future } = here;
  if (edited()) drafts.set(here.index, { version, spans, past, future });
  else drafts.delete(here.index);
}

function change(spans, selected) {
  here.past.push({ spans: here.spans, selected: here.selected });
  here.future = [];
  here.spans = [...spans].sort((one, other) => one.start - other.start);
  here.selected = selected ? here.spans.findIndex((span) => span.start === selected.start) : null;
  here.cursor = null;
}

function undo(from = here.past, to = here.future) {
  const state = from.pop();
  if (!state) return false;
  to.push({ spans: here.spans, selected: here.selected });
  Object.assign(here, state, { cursor: null });
  return true;
}

const selected = () => (here && here.selected !== null ? here.spans[here.selected] : null);

function select(number) {
  here.selected = number;
  here.cursor = null;
}

// Replaces the selected span by what it became; says why not, if it cannot.
function replaceSelected(span) {
  const others = here.spans.filter((_, number) => number !== here.selected);
  const clash = others.find((other) => other.start < span.end && other.end > span.start);
  if (clash) return `There the span “${here.text.slice(clash.start, clash.end)}” stands.`;
  change([...others, span], span);
  return "";
}

// Moves a boundary of the selected span by a word or by a character. `way` is 1 towards the end of the text.
function moveEdge(edge, way, fine) {
  const span = selected();
  const edges = fine ? here.characters : edge === "start" ? here.starts : here.ends;
  let place = span[edge];
  do place = (way > 0 ? after : before)(edges, place);
  while (place !== undefined && fine && BLANK.test(edge === "start" ? here.text.slice(place, place + 1) : here.text.slice(place - 1, place)));
  if (place === undefined) return "The text ends there.";
  const moved = known(here.base, { ...span, [edge]: place, checked: true });
  if (moved.start >= moved.end) return "A span has at least one character: reject it with x instead.";
  here.edge = edge;
  return replaceSelected(moved);
}

function relabel(label) {
  const span = selected();
  return replaceSelected(known(here.base, { ...span, label, checked: true }));
}

function add(start, end, label) {
  const place = trimmed(here.text, start, end);
  if (!place) return "There is nothing but white space.";
  const span = known(here.base, { start: place[0], end: place[1], label, checked: true });
  const others = here.spans.filter((other) => other.end <= span.start || other.start >= span.end);
  const gone = here.spans.length - others.length;
  change([...others, span], span);
  return gone ? `It takes the place of ${plural(gone, "span")}.` : "";
}

function remove() {
  change(here.spans.filter((_, number) => number !== here.selected), null);
}

function check() {
  const span = selected();
  change(here.spans.map((one) => (one === span ? { ...one, checked: true } : one)), span);
}

function reset() {
  change(here.base.map((span) => known(here.base, span)), null);
}

const isUnsure = (span) => !span.checked && !span.own && (span.score === null || 1000 * span.score < META.unsure);

// The least sure of the spans that nobody looked at yet; null where there is none.
function nextUnsure() {
  const found = here.spans.map((span, number) => [span.score === null ? 1 : span.score, number]).filter(([, number]) => isUnsure(here.spans[number]));
  found.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  return found.length ? found[0][1] : null;
}

// The word, or the span, behind or before what is selected. With `stretch`, words are added to it.
function moveCursor(way, stretch) {
  const span = selected();
  const { starts, ends } = here;
  if (!starts.length) return;
  if (stretch && here.cursor) {
    const { anchor } = here.cursor;
    const head = Math.min(Math.max(0, here.cursor.head + way), starts.length - 1);
    setCursor(anchor, head);
    return;
  }
  const from = span ? span.start : here.cursor ? here.cursor.start : way > 0 ? -1 : here.text.length;
  const to = span ? span.end : here.cursor ? here.cursor.end : from;
  const word = way > 0 ? starts.findIndex((start) => start >= Math.max(0, to)) : ends.findLastIndex((end) => end <= from);
  if (word < 0) return;
  const inside = here.spans.findIndex((one) => one.start < ends[word] && one.end > starts[word] && one !== span);
  if (inside >= 0) select(inside);
  else setCursor(word, word);
}

function setCursor(anchor, head) {
  here.selected = null;
  const [first, last] = anchor < head ? [anchor, head] : [head, anchor];
  here.cursor = { anchor, head, start: here.starts[first], end: here.ends[last] };
}

// Words, or with `byCharacter` characters, that were marked with the mouse.
function setMarked(from, to) {
  const place = trimmed(here.text, from, to);
  if (!place) return;
  const [first, last] = [here.ends.findIndex((end) => end > place[0]), here.starts.findLastIndex((start) => start < place[1])];
  setCursor(first, last);
  if (byCharacter) Object.assign(here.cursor, { start: before(here.characters, place[0] + 1), end: after(here.characters, place[1] - 1) });
}
