// The overlay with the keys, and the one in which a label is chosen or written.

const HELP = {
  "The sentence": [
    ["Enter", "it is right as it stands: save it, and go on"],
    ["s", "skip: it comes up again at the end"],
    ["r", "cannot be mended: the projected spans are wrong, and nobody says what is right"],
    ["p · Space", "the sentence before, the next one, without a decision"],
    ["o", "take the decision back"],
    ["/", "find words, a name, or #number"],
  ],
  "Spans": [
    ["n", "the least sure span that nobody looked at"],
    ["↓ ↑", "next span, the one before"],
    ["a", "accept: it is right; go to the next unsure one"],
    ["x · Delete", "reject: there is no such entity"],
    ["1 … 9", "give the span another label"],
    ["l", "choose the label by its name, or write a new one"],
    ["u · U", "undo, redo; with nothing to undo, back to the sentence before"],
    ["b", "back to the spans that it came with"],
  ],
  "Boundaries": [
    ["Shift ← →", "move the end of the span by a word"],
    ["Ctrl Shift ← →", "move it by a character"],
    ["e", "move the start instead of the end, and back"],
    ["c", "always by a character, and back"],
  ],
  "A new span": [
    ["← →", "go to a word"],
    ["Shift ← →", "mark more words; or drag over them"],
    ["1 … 9 · l", "add the span with this label"],
  ],
};

const keysOf = (text) => text.split(" · ").flatMap((one, at) => [at ? " · " : "", key(one)]);
document.getElementById("help-keys").append(...Object.entries(HELP).map(([title, rows]) =>
  el("section", {}, el("h3", {}, title.toUpperCase()), el("dl", {}, rows.flatMap(([keys, text]) => [el("dt", {}, keysOf(keys)), el("dd", {}, text)])))));
document.getElementById("help-button").addEventListener("click", () => acts.help());
document.getElementById("help-close").addEventListener("click", () => document.getElementById("help").close());

const chooser = {
  box: document.getElementById("chooser"),
  form: document.getElementById("chooser-form"),
  note: document.getElementById("chooser-note"),
  open() {
    if (!selected() && !here.cursor) return say("Go to a word with ← and →, or mark some, then choose the label.");
    document.getElementById("chooser-labels").replaceChildren(...META.labels.map(([name]) => el("option", { value: name })));
    this.form.elements.label.value = "";
    this.note.textContent = "Choose a label, or write a new one.";
    this.box.showModal();
    return this.form.elements.label.focus();
  },
  async take() {
    const name = this.form.elements.label.value.trim();
    if (!name) return this.box.close();
    let number = META.labels.findIndex(([one]) => one === name);
    if (number < 0) {
      try {
        META.labels = (await send("label", { name })).labels;
      } catch (error) {
        this.note.textContent = error.message;
        return null;
      }
      number = META.labels.findIndex(([one]) => one === name);
      META.common.push(number);
    }
    this.box.close();
    label(number);
    return flow.draw();
  },
};
chooser.form.addEventListener("submit", (event) => {
  event.preventDefault();
  chooser.take();
});
