// What goes to the server and comes from it.

class Refused extends Error {
  constructor(status, record) {
    super(record.error || `The server answers ${status}.`);
    this.status = status;
    this.conflict = record.conflict === true;
  }
}

async function asked(path, options) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", redirect: "error", ...options });
  } catch {
    throw new Refused(0, { error: "The server does not answer. Start 'crosspan review serve' again, and open the address that it shows." });
  }
  const record = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, record);
  return record;
}

const ask = (path, query) => asked(`api/${path}?${new URLSearchParams(query)}`);
const send = (path, body) =>
  asked(`api/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

// A sentence as the server sends it, made ready to be edited; null where there is none.
function opened(reply) {
  const { sentence } = reply;
  if (!sentence) return null;
  const text = sideText(sentence.t);
  const points = pointEdges(text);
  const spanOf = ([label, start, end, score]) => ({ label, start: unitAt(points, start), end: unitAt(points, end), score });
  const base = sentence.b.map(spanOf);
  for (const entity of entitiesOf(sentence)) {
    for (const target of entity.targets) {
      const [start, end] = placeOf(sentence.t, target.start, target.end);
      const one = base.find((span) => span.start === start && span.end === end);
      if (one) one.entity = entity;
    }
  }
  const done = reply.decision && reply.decision.verdict === "done";
  const spans = done ? reply.decision.after.map((row) => ({ ...spanOf(row), checked: true })) : base;
  return {
    ...reply, text, points, base,
    characters: characterEdges(text),
    starts: placesOf(sentence.t).map(([start]) => start),
    ends: placesOf(sentence.t).map(([, end]) => end),
    first: spans.map((span) => known(base, span)),
  };
}

const sideText = (side) => (side.w.length ? gapBefore(side, 0) + textOf(side, 0, side.w.length) : "") + gapBefore(side, side.w.length);

// What a decision says, for the server.
function decisionOf(here, verdict, spans, seconds) {
  const { points } = here;
  const rows = spans.map((span) => [pointAt(points, span.start), pointAt(points, span.end), labelName(span.label)]);
  return {
    index: here.index, hash: here.sentence.h, version: here.version, verdict, after: verdict === "done" ? rows : [],
    seconds, drawn: here.drawn,
  };
}
