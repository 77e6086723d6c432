/** Pieces of the page: elements, tables, numbers, charts. Everything that was said elsewhere becomes text, never markup. */

/** What stands for user 0; it is not broken. */
export const NOBODY = "nobody\u00a0known";

export const part = (id) => document.getElementById(id);

/** An element with a class, and texts or other elements in it. */
export function element(tag, className, ...content) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

export function button(label, act, className = "") {
  const made = element("button", className, label);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

const NUMBERS = new Set(["int", "bigint", "double", "decimal"]);

function cell(value, isNumber) {
  if (value instanceof Node) return element("td", "", value);
  if (value === null) return element("td", "null", "NULL");
  return element("td", isNumber ? "number" : "", String(value));
}

/**
 * A table that scrolls by itself if it is wide. Columns are `{name, type}`; cells are values or elements. With `mark`,
 * `mark(row element, place)` is called for each row.
 */
export function table(columns, rows, mark = null) {
  const isNumber = columns.map(({ type }) => NUMBERS.has(type));
  const head = columns.map(({ name }, place) => {
    const made = element("th", isNumber[place] ? "number" : "", name);
    made.scope = "col";
    return made;
  });
  const body = rows.map((row, place) => {
    const made = element("tr", "", ...row.map((value, column) => cell(value, isNumber[column])));
    mark?.(made, place);
    return made;
  });
  const whole = element("table", "", element("thead", "", element("tr", "", ...head)), element("tbody", "", ...body));
  const frame = element("div", "frame", whole);
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", `Table of ${columns.map(({ name }) => name).join(", ")}`);
  return frame;
}

/** Pairs of a term and what is said about it. */
export function facts(list, pairs) {
  list.replaceChildren(...pairs.flatMap(([term, said]) => [element("dt", "", term), element("dd", "", said)]));
}

export const several = (count, one, many = `${one}s`) => `${number(count)} ${Number(count) === 1 ? one : many}`;

export function number(value) {
  const found = Number(value);
  if (!Number.isFinite(found)) return String(value);
  return found.toLocaleString("en", { maximumFractionDigits: found !== 0 && Math.abs(found) < 10 ? 2 : 0 });
}

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let found = Number(value);
  let unit = 0;
  for (; found >= 1024 && unit < units.length - 1; unit += 1) found /= 1024;
  return `${number(found)} ${units[unit]}`;
}

export function duration(seconds) {
  const found = Math.floor(Number(seconds));
  if (found < 60) return `${found} s`;
  if (found < 3600) return `${Math.floor(found / 60)} min`;
  if (found < 86400) return `${Math.floor(found / 3600)} h ${Math.floor((found % 3600) / 60)} min`;
  return `${Math.floor(found / 86400)} d ${Math.floor((found % 86400) / 3600)} h`;
}

export const milliseconds = (seconds) => `${number(Number(seconds) * 1000)} ms`;

/** A moment in seconds since 1970, as the reader's clock shows it. */
export function moment(seconds) {
  const date = new Date(Number(seconds) * 1000);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString() : date.toLocaleString();
}

/**
 * Looks now, and again and again: each time after a pause of so many milliseconds, and a longer one if looking takes
 * long, so that the page asks for no great part of the server's time. While the page is hidden, it does not look.
 */
export class Poll {
  /** `look` may be asynchronous, and does not fail. */
  constructor(look, pause) {
    this._look = look;
    this._pause = pause;
    this._round = null;
    this._timer = null;
  }

  get isOn() {
    return this._round !== null;
  }

  start() {
    this.stop();
    const mine = (this._round = {});
    const turn = async () => {
      const begun = performance.now();
      if (!document.hidden) await this._look();
      const took = performance.now() - begun;
      if (this._round === mine) this._timer = setTimeout(turn, Math.max(this._pause, 20 * took));
    };
    turn();
  }

  stop() {
    clearTimeout(this._timer);
    this._round = null;
  }
}

// Charts ------------------------------------------------------------------------------------------------------------

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 240;
const HEIGHT = 44;

function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** A number with its recent past. */
export class Chart {
  /** `most` values are kept; `shown` makes a text of one. */
  constructor(title, shown, most) {
    this._values = [];
    this._shown = shown;
    this._most = most;
    this._line = shape("path", { class: "line" });
    this._area = shape("path", { class: "area" });
    this._svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
    this._svg.append(this._area, this._line);
    this._title = title;
    this._number = element("p", "big", "–");
    this._more = element("p", "soft more");
    this.element = element("article", "card chart", element("h2", "", title), this._number, this._svg, this._more);
  }

  /** Add a value; `null` leaves out a moment of which nothing is known. */
  add(value, more = "") {
    if (value !== null) {
      this._values.push(value);
      if (this._values.length > this._most) this._values.shift();
    }
    const last = this._values.at(-1);
    this._number.textContent = last === undefined ? "–" : this._shown(last);
    this._more.textContent = more;
    this._draw();
  }

  _draw() {
    const values = this._values;
    if (!values.length) return;
    const top = Math.max(...values) || 1;
    const step = WIDTH / (this._most - 1);
    const start = WIDTH - (values.length - 1) * step;
    const points = values.map((value, place) => {
      const x = (start + place * step).toFixed(1);
      return `${x} ${(HEIGHT - 2 - (value / top) * (HEIGHT - 5)).toFixed(1)}`;
    });
    this._line.setAttribute("d", `M${points.join("L")}`);
    this._area.setAttribute("d", `M${start.toFixed(1)} ${HEIGHT}L${points.join("L")}L${WIDTH} ${HEIGHT}Z`);
    const range = `from ${this._shown(Math.min(...values))} to ${this._shown(Math.max(...values))}`;
    this._svg.setAttribute("aria-label", `${this._title}: ${this._number.textContent}, lately ${range}`);
  }
}
