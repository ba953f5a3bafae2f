// Charts as SVG. Each takes plain numbers; what the numbers mean is decided in figures.js.

const WIDE = 360;

function figure(title, note, ...content) {
  return el("figure", { class: "card" }, el("figcaption", {}, title), ...content, note ? el("p", { class: "note" }, note) : null);
}

function chart(height, label, ...children) {
  return svg("svg", { class: "chart", viewBox: `0 0 ${WIDE} ${height}`, role: "img", "aria-label": label }, ...children);
}

// Horizontal bars: [{name, value, shown, hue}]
function bars(rows, label) {
  const most = Math.max(1, ...rows.map((row) => row.value));
  return el("ul", { class: "bars", "aria-label": label }, rows.map((row) => {
    const bar = el("span", { class: row.hue === undefined ? "fill" : "fill hued", hue: row.hue });
    bar.style.setProperty("--p", row.value / most);
    return el("li", {}, el("bdi", { class: "name" }, row.name), el("span", { class: "track" }, bar), el("span", { class: "value" }, row.shown));
  }));
}

// Columns side by side: `series` are [{name, values}], `names` and `below` what stands below.
function columns(names, series, label, below = []) {
  const height = 170;
  const [left, right, top, bottom] = [8, 8, 18, 46];
  const most = Math.max(1, ...series.flatMap((one) => one.values));
  const step = (WIDE - left - right) / names.length;
  const width = Math.min(26, (step * 0.8) / series.length);
  const tall = height - top - bottom;
  const picture = chart(height, label);
  picture.append(svg("line", { class: "axis", x1: left, x2: WIDE - right, y1: height - bottom, y2: height - bottom }));
  names.forEach((name, at) => {
    const middle = left + step * (at + 0.5);
    series.forEach((one, number) => {
      const value = one.values[at];
      if (value === null || value === 0) return;
      const high = Math.max(1, (tall * value) / most);
      const x = middle + (number - series.length / 2) * width;
      picture.append(svg("rect", { class: `series${number}`, x: x + 0.5, y: height - bottom - high, width: width - 1, height: high, rx: 1.5 },
        svg("title", {}, `${name}: ${whole(value)} ${one.name}`)));
      if (series.length === 1 && names.length <= 12) {
        picture.append(svg("text", { class: "small", x: middle, y: height - bottom - high - 4, "text-anchor": "middle" }, short(value)));
      }
    });
    if (names.length <= 12 || at % 2 === 0) {
      picture.append(svg("text", { class: "small", x: middle, y: height - bottom + 14, "text-anchor": "middle" }, name));
    }
    if (below[at]) picture.append(svg("text", { class: "small", x: middle, y: height - bottom + 27, "text-anchor": "middle" }, below[at]));
  });
  if (series.length > 1) {
    series.forEach((one, number) => {
      picture.append(svg("rect", { class: `series${number}`, x: left + number * 90, y: height - 11, width: 10, height: 10, rx: 2 }),
        svg("text", { class: "small", x: left + number * 90 + 15, y: height - 2 }, one.name));
    });
  }
  return picture;
}

const short = (n) => (n >= 1e6 ? `${(n / 1e6).toFixed(1)}M` : n >= 1e4 ? `${Math.round(n / 1e3)}k` : whole(n));

// Share that is right against confidence, a point for each bin: [n, sum, compared, sum of these, right]
function reliabilityPlot(bins) {
  const side = 210;
  const [left, top] = [40, 8];
  const x = (value) => left + value * side;
  const y = (value) => top + (1 - value) * side;
  const most = Math.max(...bins.map((bin) => bin[2]));
  const picture = svg("svg", { class: "chart square", viewBox: `0 0 ${left + side + 12} ${top + side + 42}`, role: "img", "aria-label": "Share of right spans by confidence" });
  for (const tick of [0, 0.25, 0.5, 0.75, 1]) {
    picture.append(
      svg("line", { class: "grid", x1: x(tick), x2: x(tick), y1: y(0), y2: y(1) }),
      svg("line", { class: "grid", x1: x(0), x2: x(1), y1: y(tick), y2: y(tick) }),
      svg("text", { class: "small", x: x(tick), y: y(0) + 14, "text-anchor": "middle" }, String(tick)),
      svg("text", { class: "small", x: left - 5, y: y(tick) + 4, "text-anchor": "end" }, String(tick)));
  }
  picture.append(svg("line", { class: "ideal", x1: x(0), y1: y(0), x2: x(1), y2: y(1) }));
  const points = bins.filter((bin) => bin[2]).map(([, , n, sum, right]) => [sum / n, right / n, n, right]);
  picture.append(svg("polyline", { class: "line", points: points.map(([a, b]) => `${x(a)},${y(b)}`).join(" ") }));
  for (const [a, b, n, right] of points) {
    picture.append(svg("circle", { class: "point", cx: x(a), cy: y(b), r: 3 + 7 * Math.sqrt(n / most) },
      svg("title", {}, `confidence ${a.toFixed(3)}: ${whole(right)} of ${whole(n)} right (${percent(right, n)})`)));
  }
  picture.append(
    svg("text", { class: "small", x: x(0.5), y: y(0) + 30, "text-anchor": "middle" }, "mean confidence"),
    svg("text", { class: "small", transform: `translate(10 ${y(0.5)}) rotate(-90)`, "text-anchor": "middle" }, "share that is right"));
  return picture;
}

// A table of counts, darker where there are more of a row's.
function heatTable(names, counts, corner) {
  const head = el("tr", {}, el("th", { scope: "col", class: "corner" }, corner.map((part) => el("span", {}, part))), names.map((name) => el("th", { scope: "col" }, el("bdi", {}, name))));
  const body = counts.map((row, i) => {
    const all = row.reduce((sum, n) => sum + n, 0);
    return el("tr", {}, el("th", { scope: "row" }, el("bdi", {}, names[i])), row.map((n, j) => {
      const cell = el("td", { class: n === 0 ? "zero" : i === j ? "heat right" : "heat" }, n === 0 ? "·" : whole(n));
      if (n) cell.style.setProperty("--p", n / all);
      return cell;
    }));
  });
  return el("div", { class: "scroll", tabindex: 0 }, el("table", { class: "counts" }, el("thead", {}, head), el("tbody", {}, body)));
}
