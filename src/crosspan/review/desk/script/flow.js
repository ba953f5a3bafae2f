// From sentence to sentence: what comes up, what is saved, and what happens where that fails.

const banner = document.getElementById("banner");
const IDLE = 60000; // milliseconds without a key or a click that still count as work
const clock = { sum: 0, last: performance.now() };
let counts = null;

function tick() {
  const now = performance.now();
  if (document.visibilityState === "visible") clock.sum += Math.min(IDLE, now - clock.last);
  clock.last = now;
}
for (const kind of ["keydown", "pointerdown", "pointermove", "wheel"]) document.addEventListener(kind, tick, { capture: true, passive: true });
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") clock.last = performance.now();
  else clock.sum += Math.min(IDLE, performance.now() - clock.last);
});

function drawProgress() {
  const parts = [`${whole(counts.decided)} of ${plural(counts.all, "sentence")} decided`];
  if (counts.random) parts.push(`${whole(counts.random)} of them drawn by chance`);
  if (counts.seconds !== null) parts.push(`${counts.seconds.toFixed(1)} s each`);
  if (counts.skipped) parts.push(`${whole(counts.skipped)} skipped`);
  document.getElementById("progress").textContent = parts.join(" · ");
  document.getElementById("progress-bar").style.setProperty("--p", counts.decided / counts.all);
}

const flow = {
  at: 0,
  busy: false, // whether a decision is on its way: until the next sentence is there, no other is made
  asking: Promise.resolve(),
  trail: [], // sentences that were decided here, the last one last
  get order() {
    return document.getElementById("order").value;
  },
  draw() {
    if (here) drawSentence();
  },
  focus() {
    const target = document.getElementById("target");
    if (target && !document.querySelector("dialog[open]")) target.focus({ preventScroll: true });
  },
  // Shows what the server answers.
  show(reply) {
    keepDraft();
    take(opened(reply));
    counts = reply.counts;
    drawProgress();
    Object.assign(clock, { sum: 0, last: performance.now() });
    banner.hidden = true;
    if (!here) return drawEnd(counts);
    this.at = reply.at;
    const number = here.decision ? null : nextUnsure();
    if (number !== null && !here.past.length) select(number);
    if (card.getBoundingClientRect().top < 0) window.scrollTo(0, 0);
    drawSentence();
    return this.focus();
  },
  // One question after the other.
  get(path, query) {
    this.asking = this.asking.then(() => this.getNow(path, query));
    return this.asking;
  },
  async getNow(path, query) {
    try {
      const reply = await ask(path, { order: this.order, ...query });
      if (path === "find" && !reply.sentence) say("Nothing is found.");
      else {
        say("");
        this.show(reply);
      }
    } catch (error) {
      this.trouble(error);
    }
  },
  turn: (way) => flow.get("step", { at: here ? Math.max(0, flow.at + way) : flow.at, way, kind: "any" }),
  waiting: (at) => flow.get("step", { at, way: 1, kind: "open" }),
  async decide(verdict, force = false) {
    if (this.busy) return;
    this.busy = true;
    tick();
    const sent = here;
    try {
      const seconds = Math.round(clock.sum / 100) / 10;
      const reply = await send("decide", { ...decisionOf(here, verdict, here.spans, seconds), force });
      drafts.delete(sent.index);
      Object.assign(sent, { version: reply.version, first: sent.spans, past: [] });
      this.trail.push(sent.index);
      banner.hidden = true;
      if (verdict === "open") await this.again();
      else await this.waiting(this.at + 1);
      say(`#${whole(sent.sentence.i)} ${{ done: "is saved", skip: "is skipped", reject: "is rejected", open: "is open again" }[verdict]}.`);
    } catch (error) {
      this.trouble(error, verdict);
    } finally {
      this.busy = false;
    }
  },
  again: () => flow.get("sentence", { index: here.index }),
  undoDecision() {
    const index = flow.trail.pop();
    if (index === undefined) return say("There is nothing to undo.");
    return flow.get("sentence", { index }).then(() => say("This is what was decided last. Change it and save again, or take it back with o."));
  },
  trouble(error, verdict) {
    const buttons = [];
    const button = (text, act) => {
      const node = el("button", { type: "button" }, text);
      node.addEventListener("click", act);
      buttons.push(node);
    };
    if (error.conflict) {
      button("Show that one", () => {
        drafts.delete(here.index);
        here.spans = here.first;
        this.again();
      });
      button("Put mine in its place", () => this.decide(verdict, true));
    } else if (verdict && error.status !== 400) button("Try again", () => this.decide(verdict));
    banner.replaceChildren(el("p", {}, verdict ? "Not saved: " : "", error instanceof Refused ? error.message : `Something went wrong: ${error}`), ...buttons);
    banner.hidden = false;
    banner.focus(); // not a button: whoever presses Enter once more must not choose by that
  },
};

function begin() {
  const choice = document.getElementById("order");
  const names = { uncertain: "least sure first", random: "by chance", mixed: "both in turns" };
  choice.append(...META.orders.map((name) => el("option", { value: name, selected: name === META.order }, names[name])));
  choice.addEventListener("change", () => flow.waiting(0));
  const search = document.getElementById("find");
  search.addEventListener("submit", (event) => {
    event.preventDefault();
    const words = search.elements.words.value;
    if (words.trim()) flow.get("find", { at: flow.at + 1, words });
  });
  const facts = [["decisions go to", META.file], ...(META.who ? [["by", META.who]] : [])];
  document.getElementById("facts").append(...facts.map(([name, value]) => el("span", {}, `${name} `, el("b", {}, el("bdi", {}, value)))));
  if (META.faults) document.getElementById("facts").append(el("span", {}, `${plural(META.faults, "sentence")} cannot be read and do not come up`));
  if (META.unknown) document.getElementById("facts").append(el("span", {}, `${plural(META.unknown, "decision")} of sentences that are not here`));
  window.addEventListener("beforeunload", (event) => {
    keepDraft();
    if (drafts.size) event.preventDefault();
  });
  flow.waiting(0);
}

begin();
