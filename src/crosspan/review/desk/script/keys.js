// What keys and buttons do. A key of another alphabet counts as the one that is in its place on a Latin keyboard.

const acts = {
  accept() {
    if (!selected()) return say("Select a span first: ↓, or n for the least sure one.");
    check();
    return acts.unsure();
  },
  remove() {
    if (!selected()) return say("Select a span first: ↓ and ↑ go through them.");
    remove();
    return say("Rejected: the span is gone.");
  },
  undo: () => (undo() ? say("") : flow.undoDecision()),
  redo: () => (undo(here.future, here.past) ? say("") : say("There is nothing to do again.")),
  reset() {
    reset();
    say("As it came. Undo brings your spans back.");
  },
  unsure() {
    const number = nextUnsure();
    if (number === null) return say("No unsure span is left here: Enter saves the sentence.");
    select(number);
    return say("");
  },
  label: (node) => label(Number(node.dataset.label)),
  choose: () => chooser.open(),
  edge: (node) => say(moveEdge(node.dataset.edge, Number(node.dataset.way), byCharacter)),
  fine(node) {
    byCharacter = node ? node.checked : !byCharacter;
    say(byCharacter ? "Boundaries move by a character." : "Boundaries move by a word.");
  },
  flip() {
    here.edge = here.edge === "end" ? "start" : "end";
    say(`Shift and an arrow move the ${here.edge}.`);
  },
  save: () => flow.decide("done"),
  skip: () => flow.decide("skip"),
  reject: () => flow.decide("reject"),
  open: () => (here.decision ? flow.decide("open") : say("There is no decision to take back.")),
  back: () => flow.turn(-1),
  next: () => flow.turn(1),
  help: () => document.getElementById("help").showModal(),
  find: () => document.querySelector("#find input").focus(),
};

function label(number) {
  if (number === undefined) return;
  const span = selected();
  if (span) say(relabel(number));
  else if (here.cursor) say(add(here.cursor.start, here.cursor.end, number));
  else say("Go to a word with ← and →, or mark some, then choose the label.");
}

function stepSpan(way) {
  const n = here.spans.length;
  if (!n) return say("There is no span. Mark words, and choose a label.");
  const span = selected() || here.cursor;
  let number = way > 0 ? 0 : n - 1;
  if (span) number = way > 0 ? here.spans.findIndex((one) => one.start > span.start) : here.spans.findLastIndex((one) => one.start < span.start);
  if (number < 0) number = way > 0 ? 0 : n - 1;
  select(number);
  return say("");
}

const KEYS = {
  enter: acts.save, " ": acts.next, a: acts.accept, x: acts.remove, delete: acts.remove, backspace: acts.remove, n: acts.unsure, u: acts.undo, U: acts.redo,
  l: acts.choose, e: acts.flip, c: () => acts.fine(), s: acts.skip, r: acts.reject, o: acts.open, p: acts.back, pageup: acts.back, pagedown: acts.next,
  b: acts.reset, "?": acts.help, "/": acts.find, arrowdown: () => stepSpan(1), arrowup: () => stepSpan(-1), j: () => stepSpan(1), k: () => stepSpan(-1),
  escape: () => select(null),
};

function nameOf(event) {
  const { key: name, code } = event;
  if (name.length > 1) return name.toLowerCase();
  if (/[\x20-\x7e]/.test(name)) return event.shiftKey ? name : name.toLowerCase();
  const place = /^(?:Key([A-Z])|Digit([0-9]))$/.exec(code);
  if (!place) return name;
  return place[2] || (event.shiftKey ? place[1] : place[1].toLowerCase());
}

function arrow(event) {
  const right = direction(here.text) === "rtl";
  const way = (event.key === "ArrowRight") !== right ? 1 : -1;
  if (!event.shiftKey) moveCursor(way, false);
  else if (selected()) say(moveEdge(here.edge, way, byCharacter || event.ctrlKey || event.altKey));
  else moveCursor(way, true);
}

function act(name, event) {
  if (/^[1-9]$/.test(name)) return label(META.common[Number(name) - 1]);
  return KEYS[name](event);
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea, dialog") && event.target.type !== "checkbox") return;
  const name = nameOf(event);
  const pressed = event.target.closest("button, summary, a") && (name === "enter" || name === " ");
  if (pressed || event.isComposing || (event.repeat && name === "enter")) return;
  if (!here) {
    if (["p", "pageup", "u"].includes(name)) flow.turn(-1);
    return;
  }
  const sideways = name === "arrowleft" || name === "arrowright";
  if (sideways && !event.metaKey && (event.shiftKey || !(event.altKey || event.ctrlKey))) arrow(event);
  else if ((event.ctrlKey || event.metaKey) && !event.altKey && "zy".includes(name.toLowerCase())) acts[name === "z" ? "undo" : "redo"]();
  else if (!event.ctrlKey && !event.metaKey && !event.altKey && (KEYS[name] || /^[1-9]$/.test(name))) act(name, event);
  else return;
  event.preventDefault();
  flow.draw();
});

document.addEventListener("click", (event) => {
  const node = event.target.closest("[data-do]");
  if (!node || node.disabled || !(here || node.dataset.do === "back")) return;
  acts[node.dataset.do](node);
  flow.draw();
  if (event.detail) flow.focus(); // by mouse: the next key is for the sentence again, not for the button
});
