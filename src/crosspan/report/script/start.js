// The data of the page.

const DATA = JSON.parse(document.getElementById("data").textContent);
const META = DATA.meta;
const SENTENCES = DATA.sentences;
const HAS_GOLD = META.totals.all.kinds !== undefined;
