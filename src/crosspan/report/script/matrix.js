// The links of one sentence as a matrix: a row for each source word, a column for each target word.

const CELL = 18;
const LARGEST = 150; // words of a side; beyond that the picture helps nobody

function shorten(word) {
  const letters = Array.from(word);
  return letters.length > 16 ? `${letters.slice(0, 15).join("")}…` : word;
}

function matrix(sentence) {
  const rows = sentence.s.w.length;
  const columns = sentence.t.w.length;
  if (!sentence.a) return el("p", { class: "note" }, "The word links of this run are not known.");
  if (Math.max(rows, columns) > LARGEST) return el("p", { class: "note" }, "The sentence is too long for a picture of its links.");
  const letter = 7;
  const longest = (words) => Math.max(...words.map((word) => Array.from(shorten(word)).length));
  const left = 14 + letter * longest(sentence.s.w);
  const top = 14 + letter * longest(sentence.t.w);
  const width = left + columns * CELL + 8;
  const height = top + rows * CELL + 8;
  const picture = svg("svg", { class: "matrix", viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": `${plural(linksOf(sentence).length, "link")} between ${plural(rows, "source word")} and ${plural(columns, "target word")}` });
  sentence.s.w.forEach((word, i) => {
    const y = top + i * CELL;
    if (i % 2 === 0) picture.append(svg("rect", { class: "stripe", x: left, y, width: columns * CELL, height: CELL }));
    picture.append(svg("text", { x: left - 6, y: y + CELL - 5, "text-anchor": "end" }, shorten(word)));
  });
  sentence.t.w.forEach((word, j) => {
    const x = left + j * CELL + CELL - 5;
    picture.append(svg("text", { transform: `translate(${x} ${top - 6}) rotate(-90)` }, shorten(word)));
  });
  for (const entity of entitiesOf(sentence)) {
    const [start, end] = entity.source;
    for (const one of entity.targets) {
      picture.append(svg("rect", { class: "box", hue: hueOf(entity.label), x: left + one.start * CELL, y: top + start * CELL,
        width: (one.end - one.start) * CELL, height: (end - start) * CELL, rx: 3 }));
    }
  }
  for (const [i, j, prob] of linksOf(sentence)) {
    const link = svg("circle", { class: "link", cx: left + j * CELL + CELL / 2, cy: top + i * CELL + CELL / 2, r: 5.5 },
      svg("title", {}, `${sentence.s.w[i]} – ${sentence.t.w[j]} ${(prob / 100).toFixed(2)}`));
    link.style.setProperty("--p", Math.max(0.12, prob / 100));
    picture.append(link);
  }
  return el("div", { class: "scroll", tabindex: 0 }, picture,
    el("p", { class: "note" }, "Rows: source words. Columns: target words. The darker a dot, the more probable the link; boxes are projected spans."));
}
