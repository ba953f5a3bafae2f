// What hovering or focusing a span or a word shows: its counterpart, links, confidence, runners-up.

const panel = document.getElementById("details");
let pinned = null;
let shown = null;

function showMark(node) {
  hide();
  shown = node;
  lightMark(node);
  panel.replaceChildren(...describe(MARKS.get(node)));
  panel.hidden = false;
  place(node);
}

function place(node) {
  const box = node.getClientRects()[0] || node.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const view = document.documentElement;
  const left = Math.max(8, Math.min(box.left, view.clientWidth - width - 8));
  const last = node.getBoundingClientRect();
  const below = last.bottom + 8 + height < view.clientHeight || last.top < height + 8;
  panel.style.left = `${left + window.scrollX}px`;
  panel.style.top = `${(below ? last.bottom + 6 : last.top - height - 6) + window.scrollY}px`;
}

function hide() {
  if (shown) clearLight(shown.closest(".card") || document);
  shown = null;
  panel.hidden = true;
}

function unpin() {
  pinned = null;
  panel.classList.remove("pinned");
  hide();
}

function pin(node) {
  const again = pinned === node;
  unpin();
  if (again) return;
  showMark(node);
  pinned = node;
  panel.classList.add("pinned");
}

function listenForDetails(list) {
  list.addEventListener("mouseover", (event) => {
    const mark = event.target.closest(".mark:not(.gold)");
    if (mark) {
      if (!pinned && shown !== mark) showMark(mark);
      return;
    }
    if (pinned) return;
    hide();
    const card = event.target.closest(".card");
    if (card) lightWord(card, event.target.closest(".w"));
  });
  list.addEventListener("mouseleave", () => {
    if (pinned) return;
    hide();
    clearLight(list);
  });
  list.addEventListener("focusin", (event) => {
    if (!pinned && MARKS.has(event.target)) showMark(event.target);
  });
  list.addEventListener("focusout", () => {
    if (!pinned) hide();
  });
  document.addEventListener("click", (event) => {
    const mark = event.target.closest(".mark:not(.gold)");
    if (mark) pin(mark);
    else if (pinned && !panel.contains(event.target)) unpin();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") unpin();
    if ((event.key === "Enter" || event.key === " ") && MARKS.has(event.target)) {
      event.preventDefault();
      pin(event.target);
    }
  });
}
