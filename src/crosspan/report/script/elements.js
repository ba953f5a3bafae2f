// How elements are made. Text from the data only ever becomes a text node or an attribute value.

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "hue") node.style.setProperty("--hue", value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

const el = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
const svg = (name, attributes, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

const whole = (n) => n.toLocaleString("en");
const percent = (part, all) => (all ? `${((100 * part) / all).toFixed(1)} %` : "–");
const sure = (thousandths) => (thousandths / 1000).toFixed(2);
const plural = (n, word, many) => `${whole(n)} ${n === 1 ? word : many || `${word}s`}`;
const labelName = (number) => META.labels[number][0];
const hueOf = (number) => META.labels[number][1];

// "auto" goes by the first letter, which fails for Arabic text that begins with a Latin name: count letters instead.
const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]|[\ud802\ud803\ud83a\ud83b][\udc00-\udfff]/g;
const LETTER = /\p{L}/gu;

function direction(text) {
  const right = (text.match(RTL) || []).length;
  if (!right) return "auto";
  return 2 * right > (text.match(LETTER) || []).length ? "rtl" : "ltr";
}

const chip = (number, extra) => el("bdi", { class: `chip ${extra || ""}`, hue: hueOf(number) }, labelName(number));
