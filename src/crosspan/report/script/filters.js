// What of the sentences on the page is listed, and in which order.

const state = { labels: new Set(), least: 0, most: 1000, outcome: "", gold: "", words: "", order: "corpus", size: 25, page: 0 };

const filtersForm = document.getElementById("filters");

// Whether one span of a sentence is what the filters on spans ask for; all of them must be met by the same span.
function spanFits(label, confidence, reason, kind) {
  if (state.labels.size && !state.labels.has(label)) return false;
  if (confidence !== null && (confidence < state.least || confidence > state.most)) return false;
  if (confidence === null && (state.least > 0 || state.most < 1000)) return false;
  if (state.outcome === "projected" && reason !== null) return false;
  if (state.outcome === "dropped" && reason === null) return false;
  if (state.outcome.startsWith("reason:") && reason !== Number(state.outcome.slice(7))) return false;
  if (state.gold === "exact" || state.gold === "wrong") return kind !== null && (kind === "exact") === (state.gold === "exact");
  return !state.gold || kind === state.gold;
}

function sentenceFits(sentence) {
  if (state.words && !haystack(sentence).includes(state.words)) return false;
  if (state.outcome === "left-out") return sentence.e !== undefined;
  if (!filtersSpans()) return true;
  const kind = (number) => (number === null || number === undefined ? null : kindName(number));
  if ((sentence.p || []).some((span) => spanFits(span[0], span[5], null, kind(span[6])))) return true;
  if ((sentence.d || []).some((span) => spanFits(span[0], null, span[3], null))) return true;
  return (sentence.g || []).some((span) => kindName(span[3]) === "missed" && !state.outcome && spanFits(span[0], null, null, "missed"));
}

const filtersSpans = () =>
  state.labels.size > 0 || state.least > 0 || state.most < 1000 || state.outcome !== "" || state.gold !== "";

function haystack(sentence) {
  if (sentence.hay === undefined) {
    const sides = [sentence.s, sentence.t].filter(Boolean).map((side) => textOf(side, 0, side.w.length));
    sentence.hay = [String(sentence.id === undefined ? "" : sentence.id), ...sides].join("\n").toLowerCase();
  }
  return sentence.hay;
}

const wordsOf = (sentence) => (META.alone ? (sentence.t || sentence.s) : sentence.s).w.length;

const ORDERS = {
  corpus: ["order of the corpus", (one, other) => one.i - other.i],
  unsure: ["least confident first", (one, other) => leastSure(one) - leastSure(other) || one.i - other.i],
  ...(META.alone ? {} : { dropped: ["most dropped first", (one, other) => (other.d || []).length - (one.d || []).length || one.i - other.i] }),
  long: ["longest first", (one, other) => wordsOf(other) - wordsOf(one) || one.i - other.i],
};

function choice(name, text, options) {
  return el("label", { class: "field" }, el("span", {}, text),
    el("select", { name }, options.map(([value, shown]) => el("option", { value }, shown))));
}

function drawFilters() {
  const rank = new Map(TOTALS.labels.map((row, at) => [row.label, at]));
  const ranked = META.labels.map(([name, hue], number) => [name, hue, number]).sort((one, other) => rank.get(one[0]) - rank.get(other[0]));
  const labels = ranked.map(([name, hue, number]) =>
    el("label", { class: "toggle", hue }, el("input", { type: "checkbox", name: "label", value: number }), el("bdi", {}, name)));
  const reasons = META.reasons.map((name, number) => [`reason:${number}`, `dropped: ${reasonOf(name)[0]}`]);
  const outcomes = [["", "any"], ...(META.alone ? [] : [["projected", "projected"], ["dropped", "dropped"]]), ...reasons];
  if (TOTALS.rejected) outcomes.push(["left-out", "sentence left out"]);
  const golds = [["", "any"], ["wrong", "disagrees"], ["exact", "agrees"], ...META.kinds.slice(1).map((name) => [name, `· ${name}`])];
  const range = (name, value) => el("input", { type: "number", name, min: 0, max: 1, step: 0.05, value, "aria-label": name === "least" ? "lowest confidence" : "highest confidence" });
  fill(filtersForm, {}, [
    el("div", { class: "field", role: "group", "aria-label": "Label" }, el("span", {}, "Label"), el("div", { class: "labels" }, labels)),
    el("div", { class: "field", role: "group", "aria-label": "Confidence" }, el("span", {}, "Confidence"),
      el("div", { class: "range" }, range("least", "0"), "to", range("most", "1"))),
    outcomes.length > 1 ? choice("outcome", "Outcome", outcomes) : null,
    HAS_GOLD ? choice("gold", "Gold", golds) : null,
    el("label", { class: "field grow" }, el("span", {}, "Words or id"), el("input", { type: "search", name: "words", dir: "auto", autocomplete: "off" })),
    choice("order", "Sort", Object.entries(ORDERS).map(([value, [shown]]) => [value, shown])),
    choice("size", "Per page", [[10, "10"], [25, "25"], [50, "50"], [100, "100"]]),
    el("button", { type: "reset" }, "Clear"),
  ]);
  filtersForm.elements.size.value = String(state.size);
  filtersForm.addEventListener("submit", (event) => event.preventDefault());
  filtersForm.addEventListener("change", readFilters);
  filtersForm.addEventListener("input", (event) => (["search", "number"].includes(event.target.type) ? readFilters() : null));
  filtersForm.addEventListener("reset", () => setTimeout(() => {
    filtersForm.elements.size.value = String(state.size);
    readFilters();
  }, 0));
}

function readFilters() {
  const fields = filtersForm.elements;
  const thousandths = (field, otherwise) => {
    const value = Number(field.value);
    return field.value === "" || !Number.isFinite(value) ? otherwise : Math.round(1000 * value);
  };
  state.labels = new Set([...filtersForm.querySelectorAll('input[name="label"]:checked')].map((box) => Number(box.value)));
  state.least = thousandths(fields.least, 0);
  state.most = thousandths(fields.most, 1000);
  state.outcome = fields.outcome ? fields.outcome.value : "";
  state.gold = fields.gold ? fields.gold.value : "";
  state.words = fields.words.value.trim().toLowerCase();
  state.order = fields.order.value;
  state.size = Number(fields.size.value);
  state.page = 0;
  choose();
}
