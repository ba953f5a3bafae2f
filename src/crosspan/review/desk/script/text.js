// Places in a text. The server counts code points, JavaScript counts UTF-16 units: here alone one becomes the other.

// Where each code point begins, and where the last one ends.
function pointEdges(text) {
  const edges = [0];
  for (const point of text) edges.push(edges[edges.length - 1] + point.length);
  return edges;
}

const unitAt = (edges, point) => edges[point];

function pointAt(edges, unit) {
  let [low, high] = [0, edges.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (edges[middle] <= unit) low = middle;
    else high = middle - 1;
  }
  return low;
}

// Where what people take for one character begins and ends: a letter with its marks, an emoji with all its parts.
function characterEdges(text) {
  if (!window.Intl || !Intl.Segmenter) return pointEdges(text);
  const parts = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text);
  return [...Array.from(parts, (part) => part.index), text.length];
}

const after = (edges, place) => edges.find((edge) => edge > place);
const before = (edges, place) => edges.findLast((edge) => edge < place);
const BLANK = /^\s*$/u;

// A span without the white space at its ends; null if there is nothing else.
function trimmed(text, start, end) {
  const inside = text.slice(start, end);
  if (BLANK.test(inside)) return null;
  return [start + inside.length - inside.trimStart().length, end - inside.length + inside.trimEnd().length];
}
