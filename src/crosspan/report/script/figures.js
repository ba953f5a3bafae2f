// Totals and figures: all of them over all sentences, not only over those shown.

const TOTALS = META.totals;

function scoresOf(row) {
  if (!row.kinds) return null;
  const right = row.kinds.exact;
  const precision = row.pred ? right / row.pred : null;
  const recall = row.gold ? right / row.gold : null;
  const f1 = row.pred + row.gold ? (2 * right) / (row.pred + row.gold) : null;
  return [precision, recall, f1];
}

const score = (value) => (value === null ? "–" : value.toFixed(3));

function drawTotals() {
  const all = TOTALS.all;
  const tile = (value, name, note) => el("div", { class: "tile" }, el("b", {}, value), el("span", {}, name), note ? el("small", {}, note) : null);
  const tiles = [
    tile(whole(TOTALS.sentences), TOTALS.sentences === 1 ? "sentence" : "sentences", TOTALS.rejected ? `and ${whole(TOTALS.rejected)} left out` : null),
    ...(META.alone ? [tile(whole(all.target), "entities")] : [
      tile(whole(all.source), "source entities"),
      tile(percent(all.projected, all.source), "projected", whole(all.projected)),
      tile(whole(all.dropped), "dropped", percent(all.dropped, all.source))]),
    tile(all.confidence === null ? "–" : all.confidence.toFixed(3), "mean confidence", all.confidence === null ? "the labels have none" : null),
  ];
  const scores = scoresOf(all);
  if (scores) tiles.push(tile(score(scores[2]), "F1 (strict)", `P ${score(scores[0])}, R ${score(scores[1])}`));
  document.getElementById("totals").append(...tiles);
  if (TOTALS.without_gold) {
    document.getElementById("totals").append(el("p", { class: "note" }, `${plural(TOTALS.without_gold, "sentence has", "sentences have")} no gold labels that could be read; scores leave them out.`));
  }
  const facts = META.facts.map(([name, value]) => el("span", {}, `${name} `, el("b", {}, el("bdi", {}, value))));
  document.getElementById("facts").append(...facts, el("span", {}, "crosspan ", el("b", {}, META.version)));
}

const MOST_ROWS = 30;

function labelTable() {
  const counted = META.alone
    ? [["Entities", (row) => whole(row.target)], ["Share", (row) => percent(row.target, TOTALS.all.target)]]
    : [["Source", (row) => whole(row.source)], ["Projected", (row) => percent(row.projected, row.source)], ["Dropped", (row) => whole(row.dropped)]];
  const heads = ["Label", ...counted.map(([name]) => name), "Confidence", ...(HAS_GOLD ? ["Precision", "Recall", "F1"] : [])];
  const rows = TOTALS.labels.slice(0, MOST_ROWS).map((row) =>
    el("tr", {}, el("th", { scope: "row" }, el("bdi", { class: "chip", hue: META.hues[row.label] }, row.label)),
      counted.map(([, shown]) => el("td", {}, shown(row))),
      el("td", {}, row.confidence === null ? "–" : row.confidence.toFixed(3)),
      (scoresOf(row) || []).map((value) => el("td", {}, score(value)))));
  const more = TOTALS.labels.length - rows.length;
  const table = el("table", {}, el("thead", {}, el("tr", {}, heads.map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, rows));
  const found = figure("Labels", more > 0 ? `${plural(more, "more label")} with fewer entities.` : null, el("div", { class: "scroll", tabindex: 0 }, table));
  found.classList.add("double");
  return found;
}

function droppedFigure() {
  const reasons = new Map();
  for (const [reason, , count] of TOTALS.dropped) reasons.set(reason, (reasons.get(reason) || 0) + count);
  if (!reasons.size) return figure("Dropped", null, el("p", {}, "Every entity was projected."));
  const ranked = [...reasons].sort((one, other) => other[1] - one[1]);
  const rows = ranked.map(([name, value]) => ({ name: reasonOf(name)[0], value, shown: whole(value) }));
  const meant = ranked.map(([name]) => [reasonOf(name), name]).filter(([[, long]]) => long);
  const said = meant.map(([[short, long], name]) => el("li", {}, el("b", {}, isolated(short, "plain")), ": ", isolated(long, "plain"), el("small", {}, " (", isolated(name, "plain"), ")")));
  return figure("Dropped, by reason", null, bars(rows, "Dropped spans by reason"), el("ul", { class: "note meant" }, said));
}

function confidenceFigure() {
  const names = TOTALS.bins.map((_, at) => (at / TOTALS.bins.length).toFixed(1));
  const series = [{ name: "spans", values: TOTALS.bins.map((bin) => bin[0]) }];
  return figure("Confidence of spans", "Spans by confidence; a name is the lower end of a bin.", columns(names, series, "Spans by confidence"));
}

function reliabilityFigure() {
  const { n, ece, brier } = TOTALS.calibration;
  return figure("Reliability", `${plural(n, "span")}. Expected calibration error ${ece.toFixed(4)}, Brier score ${brier.toFixed(4)}. On the diagonal, confidences mean what they say; larger points are more spans.`, reliabilityPlot(TOTALS.bins));
}

const ROOM = 3; // labels of which a table of counts has room in one column of figures, with "none"

function confusionFigure() {
  const { labels, counts, other } = TOTALS.confusion;
  const found = META.alone ? "found" : "projected";
  const note = `Gold spans in rows, ${found} in columns; spans that overlap belong together. “none”: missed, or not in gold.${other ? " Rare labels are put together." : ""}`;
  const drawn = figure("Confusion", note, heatTable([...labels, "none"], counts, ["gold ↓", ` ${found} →`]));
  if (labels.length > ROOM) drawn.classList.add(labels.length > 2 * ROOM ? "whole" : "double");
  return drawn;
}

function errorsFigure() {
  const kinds = TOTALS.all.kinds;
  const rows = META.kinds.map((name) => ({ name, value: kinds[name], shown: whole(kinds[name]) }));
  return figure("Against gold", "boundary: right label, other words; label: right words, other label; both: neither; missed: gold alone; spurious: not in gold.", bars(rows, "Spans by how they compare with gold"));
}

function lengthFigures() {
  const most = TOTALS.projectedLengths.length;
  const names = TOTALS.projectedLengths.map((_, at) => (at + 1 === most ? `${most}+` : String(at + 1)));
  const [source, target] = TOTALS.spanLengths;
  const shares = TOTALS.projectedLengths.map((n, at) => (source[at] ? `${Math.round((100 * n) / source[at])} %` : ""));
  const steps = TOTALS.sentenceLengths[0].map((_, at) => (at + 1 === TOTALS.sentenceLengths[0].length ? `${at * TOTALS.sentenceStep}+` : String(at * TOTALS.sentenceStep)));
  let last = steps.length;
  while (last > 2 && !TOTALS.sentenceLengths[0][last - 1] && !TOTALS.sentenceLengths[1][last - 1]) last -= 1;
  const cut = (values) => values.slice(0, last);
  const sides = (pair) => pair.map((values, at) => ({ name: at ? "target" : "source", values })).slice(META.alone ? 1 : 0);
  return [
    figure("Length of entities", META.alone ? "In words." : "In words; below, how many of the source entities were projected.",
      columns(names, sides([source, target]), "Entities by number of words", META.alone ? [] : shares)),
    figure("Length of sentences", `In words, in steps of ${TOTALS.sentenceStep}.`, columns(cut(steps), sides(TOTALS.sentenceLengths.map(cut)), "Sentences by number of words")),
  ];
}

function drawFigures() {
  const found = META.alone ? [labelTable()] : [labelTable(), droppedFigure()];
  if (TOTALS.calibration) found.push(reliabilityFigure());
  if (TOTALS.confusion) found.push(confusionFigure(), errorsFigure());
  if (TOTALS.all.confidence !== null || !META.alone) found.push(confidenceFigure());
  found.push(...lengthFigures());
  document.getElementById("figures").append(...found);
}
