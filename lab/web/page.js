// SPDX-License-Identifier: MIT
/* The lab's live page. It knows nothing by itself: the lab sends one point every half second by
 * server-sent events (/lab/stream), and the page shows the newest one and draws the last 600.
 *
 *   receive -> remember (series by target) -> draw (at most twice a second, not when hidden)
 *
 * Every field of a point may be missing: it is then shown as a dash. Text of the lab reaches the
 * page by textContent only. No request goes anywhere but to the lab. */
"use strict";

const MAX_POINTS = 600; // as many as the lab keeps: five minutes
const DRAW_EVERY_MS = 490; // points come every 500; a burst of them is drawn once
const SILENCE_MS = 6000; // a busy machine may be late by seconds
const RETRY_MS = 1000;
const MIN_WINDOW_S = 30; // the charts are as wide as the run, within these, in real seconds
const MAX_WINDOW_S = 300;
const TEXT_SIZES = [0.8, 0.9, 1, 1.08, 1.15];
const USUAL_TEXT = 2;
const MAX_TILES = 21;
const DASH = "–";

const state = {
  point: null, // the newest
  series: new Map(), // by target key: what remember() takes from each point
  shown: null, // key of the target on the page
  picked: false, // by a key press; a new target does not take its place then
  paused: false,
  end: null, // {summary, ok} once the demo is over
  text: USUAL_TEXT,
};

/* ---- small helpers ---- */

const el = (id) => document.getElementById(id);
const isNumber = (v) => typeof v === "number" && Number.isFinite(v);
const keyOf = (target) => `${target.namespace ?? ""}/${target.hpa ?? target.name ?? ""}`;
const list = (v) => (Array.isArray(v) ? v : []);

/* Touches the document only when something changed: layout is dear while the machine is busy. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/* As many digits as are read from afar: 0.42, 4.8, 122, 12.3k. */
function short(v) {
  if (!isNumber(v)) return DASH;
  const size = Math.abs(v);
  if (size >= 999950) return `${Number((v / 1e6).toPrecision(3))}M`;
  if (size >= 9999.5) return `${Number((v / 1e3).toPrecision(3))}k`;
  if (size >= 9.95) return String(Math.round(v));
  return String(Number(v.toFixed(size >= 0.995 ? 1 : 2)));
}

function withUnit(v, unit) {
  if (!isNumber(v)) return DASH;
  return short(v) + (unit === "%" ? "\u00a0%" : unit ?? "");
}

function milliseconds(v) {
  if (!isNumber(v)) return DASH;
  return v >= 999.5 ? `${short(v / 1000)} s` : `${short(v)} ms`;
}

function clock(seconds) {
  if (!isNumber(seconds)) return DASH;
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(s / 60) % 60;
  if (s < 3600) return `${minutes}:${two(s % 60)}`;
  return `${Math.floor(s / 3600)}:${two(minutes)}:${two(s % 60)}`;
}

function age(s) {
  if (!isNumber(s)) return "";
  return s < 59.5 ? `${s < 10 ? s.toFixed(1) : Math.round(s)} s` : clock(s);
}

const milli = (v) => (isNumber(v) ? `${Math.round(v)}m` : DASH);
const unbroken = (text) => text.replace(/ %/g, "\u00a0%"); // "50 %" stays on one line
const plural = (n, word) => `${isNumber(n) ? n : DASH} ${word}${n === 1 ? "" : "s"}`;

/* ---- what the lab sends ---- */

function remember(point) {
  for (const target of list(point.targets)) {
    const key = keyOf(target);
    const points = state.series.get(key) ?? [];
    if (!state.series.has(key)) state.series.set(key, points);
    points.push({
      t: point.t,
      wall: point.wall,
      current: target.replicas?.current,
      desired: target.replicas?.desired,
      min: target.replicas?.min,
      max: target.replicas?.max,
      metrics: list(target.metrics),
      load: target.queue ? target.queue.depth : target.load?.rate,
    });
    if (points.length > MAX_POINTS) points.splice(0, points.length - MAX_POINTS);
  }
  forgetGone(point);
  follow(point);
  state.point = point;
}

/* A target that has been away for as long as the charts are wide leaves nothing behind. */
function forgetGone(point) {
  for (const [key, points] of state.series)
    if (point.wall - points[points.length - 1].wall > MAX_WINDOW_S)
      state.series.delete(key);
}

/* What is shown: the picked target, else the one that appeared last, else the first. */
function follow(point) {
  const keys = list(point.targets).map(keyOf);
  const before = list(state.point?.targets).map(keyOf);
  const appeared = keys.filter((key) => !before.includes(key));
  const gone = !keys.includes(state.shown);
  if (gone) state.picked = false;
  if (gone) state.shown = appeared[0] ?? keys[0] ?? null;
  else if (!state.picked && appeared.length > 0) state.shown = appeared[0];
}

function onHello(hello) {
  state.series.clear();
  state.point = null;
  state.end = null;
  for (const point of list(hello.history)) remember(point);
  setText(el("about"), `Swell ${hello.version ?? ""} · charts: Chart.js ${Chart.version}`);
}

/* ---- the connection: EventSource, and our own retry, for it gives up on some errors ---- */

const link = { source: null, heard: 0, retry: 0 };

function connect() {
  const source = new EventSource("lab/stream");
  link.source = source;
  link.heard = performance.now();
  const on = (name, handle) =>
    source.addEventListener(name, (event) => {
      const message = parse(event.data);
      if (source !== link.source || !message) return;
      link.heard = performance.now();
      setLost(false);
      handle(message);
      drawSoon();
    });
  on("hello", onHello);
  on("point", remember);
  on("end", (end) => (state.end = end));
  source.onerror = () => source === link.source && disconnect();
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    console.error("the lab sent something that is not JSON", error);
    return null;
  }
}

function disconnect() {
  link.source?.close();
  link.source = null;
  setLost(true);
  clearTimeout(link.retry);
  link.retry = setTimeout(connect, RETRY_MS);
}

function setLost(lost) {
  el("lost").hidden = !lost;
  document.body.classList.toggle("lost", lost);
}

/* A lab that was stopped (SIGSTOP) or a laptop that slept leaves a connection that says nothing. */
function watchSilence() {
  if (link.source && !state.end && performance.now() - link.heard > SILENCE_MS) disconnect();
}

/* ---- numbers and words ---- */

function shownTarget() {
  return list(state.point?.targets).find((target) => keyOf(target) === state.shown);
}

function showHeader(point, target) {
  setText(el("name"), target?.name ?? target?.hpa ?? "Swell");
  const several = list(point.targets).length > 1;
  setText(el("kind"), several ? "" : target?.kind ?? "");
  const frame = [clock(point.t)];
  if (isNumber(point.speed) && point.speed !== 1) frame.push(`clock ×${short(point.speed)}`);
  if (point.limits) frame.push(`CPU limits: ${point.limits}`);
  setText(el("frame"), frame.join(" · "));
  document.title = target ? `${el("name").textContent}: ${replicasText(target)} · Swell` : "Swell";
}

/* The others, each with the digit that picks it. */
function showOthers(point) {
  const items = list(point.targets)
    .slice(0, 9)
    .map((target, i) => ({ target, digit: String(i + 1) }))
    .filter(({ target }) => keyOf(target) !== state.shown);
  el("targets").hidden = items.length === 0;
  syncChildren(el("targets"), items, makeOther, fillOther);
}

function makeOther() {
  const li = make("li");
  li.append(make("kbd"), " ", make("span"), make("b"), make("span"));
  return li;
}

function fillOther(li, { target, digit }) {
  const [key, name, replicas, metric] = li.children;
  setText(key, digit);
  setText(name, `${target.name ?? target.hpa ?? DASH} `);
  setText(replicas, replicasText(target));
  const values = list(target.metrics).map((m) => withUnit(valueOf(m), m.unit));
  setText(metric, ` · ${values.join(" · ") || DASH}`);
}

/* Makes node have one child an item, and fills each. */
function syncChildren(node, items, create, fill) {
  while (node.children.length > items.length) node.lastElementChild.remove();
  while (node.children.length < items.length) node.append(create());
  items.forEach((item, i) => fill(node.children[i], item));
}

function replicasText(target) {
  const { current, desired } = target.replicas ?? {};
  return short(current) + (isNumber(desired) && desired !== current ? ` → ${short(desired)}` : "");
}

const valueOf = (metric) => (metric.error ? null : metric.value);
const errorOf = (target) => list(target.metrics).find((m) => m.error)?.error;

/* One metric that is known is enough to grow. */
function isBlind(target) {
  const metrics = list(target.metrics);
  return metrics.length > 0 && metrics.every((m) => m.error);
}

function turnOf(target) {
  const { current, desired } = target.replicas ?? {};
  if (isBlind(target)) return "blind";
  if (!isNumber(current) || !isNumber(desired) || current === desired) return "hold";
  return desired > current ? "up" : "down";
}

function showDecision(target) {
  const before = el("words").textContent;
  setText(el("sentence"), unbroken(target.decision?.sentence || "No decision yet"));
  setText(el("why"), unbroken(target.decision?.why || errorOf(target) || ""));
  el("why").classList.toggle("error", isBlind(target));
  setAttribute(el("decision"), "data-turn", turnOf(target));
  const next = target.decision?.next_in;
  el("next").hidden = !isNumber(next);
  setText(el("next").lastElementChild, `${Math.max(0, next).toFixed(1)} s`);
  if (el("words").textContent !== before) fitText(el("words"));
}

/* The text is as large as fits its box. */
function fitText(box) {
  for (const fit of [1, 0.92, 0.85, 0.78, 0.71, 0.64]) {
    box.style.setProperty("--fit", fit);
    if (box.scrollHeight <= box.clientHeight + 1) return;
  }
}

function showNumbers(target) {
  const { current, desired, min, max } = target.replicas ?? {};
  setText(el("current"), short(current));
  setText(el("desired"), isNumber(desired) && desired !== current ? `→${short(desired)}` : "");
  setText(el("bounds"), `min ${short(min)} · max ${short(max)}`);
  showMetrics(list(target.metrics));
  if (target.queue) showQueue(target.queue, target.load);
  else showLoad(target.load ?? {});
}

function setNumber(node, text) {
  setText(node, text);
  node.classList.toggle("long", text.length > 5 && text.length <= 7);
  node.classList.toggle("longer", text.length > 7);
}

/* One has the figure for itself, in its own unit. Several share it, each as a part of its target:
 * that is how they are compared, and the one that is furthest above decides. */
function showMetrics(metrics) {
  const several = metrics.length > 1;
  el("one-metric").hidden = several;
  el("metrics").hidden = !several;
  setAttribute(el("charts"), "data-metrics", metrics.length > 2 ? "many" : String(metrics.length));
  if (several) showSeveral(metrics);
  else showMetric(metrics[0] ?? {});
}

/* No line is drawn without its name beside it. */
function showSeveral(metrics) {
  const shown = metrics.slice(0, METRIC_LINES.length);
  const rest = metrics.length - shown.length;
  setText(el("metrics-rest"), rest > 0 ? ` · +${rest}` : "");
  syncChildren(el("metrics-list"), shown, makeMetric, fillMetric);
}

function makeMetric() {
  const li = make("li");
  li.append(make("i"), make("span"), make("b"));
  return li;
}

function fillMetric(li, metric) {
  const [key, name, numbers] = li.children;
  const value = metric.error ? "<unknown>" : withUnit(metric.value, metric.unit);
  key.className = `metric-${[...li.parentNode.children].indexOf(li)}`;
  setText(name, nameOf(metric));
  setText(numbers, `${value} / ${withUnit(metric.target, metric.unit)}`);
  numbers.classList.toggle("error", Boolean(metric.error));
}

const nameOf = (metric) => (metric.name === "cpu" ? "CPU" : metric.name ?? "metric");

function showMetric(metric) {
  const perPod = metric.type === "AverageValue" ? " per pod" : "";
  setText(el("metric-name"), nameOf(metric));
  el("metric-name").classList.toggle("long", (metric.name ?? "").length > 13);
  setNumber(el("metric-value"), metric.error ? "<unknown>" : withUnit(metric.value, metric.unit));
  el("metric-value").classList.toggle("error", Boolean(metric.error));
  setText(el("metric-target"), `target ${withUnit(metric.target, metric.unit)}${perPod}`);
  const band = `${short(metric.low)} – ${withUnit(metric.high, metric.unit)} tolerated`;
  setText(el("tolerated"), isNumber(metric.low) ? band : "");
}

function showLoad(load) {
  setText(el("load-name"), load.label ?? "load");
  setNumber(el("load-value"), withUnit(load.rate, load.unit ?? "/s"));
  setText(el("load-more"), `p99 ${milliseconds(load.p99_ms)}`);
  setText(el("load-bad"), load.errors > 0 ? plural(load.errors, "error") : "");
}

function showQueue(queue, load) {
  const rate = isNumber(load?.rate) ? ` · in ${short(load.rate)}${load.unit ?? "/s"}` : "";
  setText(el("load-name"), `queue${rate}`);
  setNumber(el("load-value"), short(queue.depth));
  setText(el("load-more"), `${short(queue.in_flight)} running · ${short(queue.done)} done`);
  const bad = [];
  if (queue.duplicates > 0) bad.push(plural(queue.duplicates, "duplicate"));
  if (load?.errors > 0) bad.push(plural(load.errors, "error"));
  setText(el("load-bad"), bad.join(" · "));
}

/* ---- pods ---- */

const STATES = {
  starting: "starting",
  ready: "ready",
  unready: "not ready",
  leaving: "leaving",
  crashed: "crashed",
};
const tiles = new Map(); // by pod name

function showPods(target) {
  const pods = list(target.pods);
  const shown = pods.slice(0, pods.length > MAX_TILES ? MAX_TILES - 1 : MAX_TILES);
  el("pods").classList.toggle("many", pods.length > 10);
  const nodes = shown.map((pod) => {
    const tile = tiles.get(pod.name) ?? makeTile();
    tiles.set(pod.name, tile);
    fillTile(tile, pod, target);
    return tile.node;
  });
  if (shown.length < pods.length)
    nodes.push(make("li", "rest", `and ${pods.length - shown.length} more`));
  for (const name of tiles.keys()) if (!shown.some((pod) => pod.name === name)) tiles.delete(name);
  placeChildren(el("pods"), nodes);
}

/* Leaves alone the children that stay: one that is put in again would arrive again. */
function placeChildren(parent, nodes) {
  for (const child of [...parent.children]) if (!nodes.includes(child)) child.remove();
  nodes.forEach((node, i) => {
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] ?? null);
  });
}

function makeTile() {
  const node = make("li", "pod");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  const tile = {
    node,
    use,
    name: make("span", "name"),
    rate: make("span", "minor"),
    used: make("i", "used"),
    request: make("i", "mark"),
    limit: make("i", "mark limit"),
    left: make("span"),
    right: make("span"),
  };
  const top = make("p");
  const bar = make("div", "bar");
  const bottom = make("p");
  top.append(svg, tile.name, tile.rate);
  bar.append(tile.used, tile.request, tile.limit);
  bottom.append(tile.left, tile.right);
  node.append(top, bar, bottom);
  return tile;
}

function fillTile(tile, pod, target) {
  const known = STATES[pod.state] ? pod.state : "unknown";
  const word = STATES[pod.state] ?? pod.state ?? DASH;
  const restarts = pod.restarts > 0 ? ` ↻${pod.restarts}` : "";
  setAttribute(tile.node, "data-state", known);
  setAttribute(tile.node, "title", `${pod.name ?? DASH}: ${word}`);
  setAttribute(tile.use, "href", `#shape-${known}`);
  setText(tile.name, shortName(pod.name, target) + restarts);
  if (known === "ready") fillReady(tile, pod);
  else fillOtherState(tile, pod, word);
  fillBar(tile, pod, target);
}

const isCut = (pod) => isNumber(pod.throttled) && pod.throttled >= 0.005;

function fillReady(tile, pod) {
  setText(tile.rate, isNumber(pod.rate) ? `${short(pod.rate)}/s` : age(pod.age));
  setText(tile.left, milli(pod.cpu_milli));
  setText(tile.right, isCut(pod) ? `cut ${Math.round(pod.throttled * 100)} %` : "");
  tile.left.className = "";
  tile.right.className = "cutting";
}

function fillOtherState(tile, pod, word) {
  setText(tile.rate, age(pod.age));
  setText(tile.left, word);
  setText(tile.right, isNumber(pod.cpu_milli) && pod.cpu_milli > 0 ? milli(pod.cpu_milli) : "");
  tile.left.className = "state";
  tile.right.className = "";
}

/* The bar ends a little behind the limit, so that the mark stands free. */
function fillBar(tile, pod, target) {
  const request = target.request_milli;
  const limit = target.limit_milli;
  const used = isNumber(pod.cpu_milli) ? pod.cpu_milli : 0;
  const end = limit > 0 ? limit * 1.06 : Math.max(request > 0 ? request * 2 : 1000, used);
  const part = (v) => `${Math.min(100, (100 * v) / end).toFixed(1)}%`;
  tile.used.style.width = part(used);
  tile.used.classList.toggle("cut-short", isCut(pod));
  tile.request.hidden = !(request > 0);
  tile.limit.hidden = !(limit > 0);
  tile.request.style.left = part(request || 0);
  tile.limit.style.left = part(limit || 0);
}

/* php-apache-x7k2p is x7k2p on the page of php-apache. */
function shortName(name, target) {
  if (!name) return DASH;
  const prefix = `${target.name}-`;
  return name.startsWith(prefix) ? name.slice(prefix.length).split("-").pop() : name;
}

function showLegend(target) {
  const pods = list(target.pods);
  const ready = pods.filter((pod) => pod.state === "ready").length;
  setText(el("pods-count"), `${ready} of ${pods.length} ready`);
  for (const name of ["request", "limit"]) {
    const value = target[`${name}_milli`];
    el(`legend-${name}`).hidden = !(value > 0);
    setText(el(`legend-${name}`).lastElementChild, milli(value));
  }
}

/* ---- scene and events ---- */

function showScene(point) {
  const { scene } = point;
  const { end } = state;
  const footer = document.querySelector("footer");
  el("scene").hidden = !scene && !end;
  footer.classList.toggle("no-scene", !scene && !end);
  footer.classList.toggle("ok", end?.ok === true);
  footer.classList.toggle("not-ok", Boolean(end) && end.ok !== true);
  if (end) showEnd(end);
  else if (scene) showSteps(scene);
}

function showSteps(scene) {
  const verdict = { passed: "✓ passed", failed: "✗ failed" }[scene.state];
  setAttribute(el("scene"), "data-state", scene.state ?? "playing");
  setText(el("scene-title"), scene.title ?? scene.name ?? "");
  setText(el("step"), verdict ?? scene.step ?? "");
  say(scene.say);
  showPips(scene.steps_done ?? 0, Math.min(scene.steps ?? 0, 12), scene.state);
}

function say(text) {
  const before = el("say").textContent;
  setText(el("say"), unbroken(text ?? ""));
  if (el("say").textContent !== before) fitText(el("say"));
}

function showEnd(end) {
  const over = end.ok === true ? "✓ The demo is over" : "✗ The demo is over, not as it promised";
  setText(el("scene-title"), over);
  setText(el("step"), "");
  say(end.summary);
  showPips(0, 0);
}

function showPips(done, steps, sceneState) {
  const name = (i) => (i < done ? "done" : i === done && sceneState === "playing" ? "now" : "");
  const names = Array.from({ length: steps }, (_, i) => name(i));
  syncChildren(el("pips"), names, () => make("i"), (pip, className) => (pip.className = className));
}

/* Newest first, whatever the order in which they came. */
function showEvents(point) {
  const newest = list(point.events).filter((event) => isNumber(event.t));
  newest.sort((a, b) => b.t - a.t);
  const room = point.scene || state.end ? 2 : 3;
  syncChildren(el("events"), newest.slice(0, room), makeEvent, fillEvent);
}

function makeEvent() {
  const li = make("li");
  li.append(make("b"), make("span"));
  return li;
}

function fillEvent(li, event) {
  setText(li.firstElementChild, clock(event.t));
  setText(li.lastElementChild, event.text ?? DASH);
  li.classList.toggle("warning", event.type === "Warning");
  li.classList.toggle("newest", li === el("events").firstElementChild);
}

/* ---- charts ---- */

const colours = {}; // read from the style sheet, so that it alone knows them
let rem = 20;

function readStyle() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "line", "ink", "soft", "have", "want", "target", "load", "ok", "bad"])
    colours[name] = style.getPropertyValue(`--${name}`).trim();
  rem = parseFloat(style.fontSize);
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
}

const textSize = () => rem * 0.8 * TEXT_SIZES[state.text];
const faded = (name, alpha) => () =>
  colours[name] + Math.round(alpha * 255).toString(16).padStart(2, "0");

/* A line of a chart; colours and widths are asked for at each update. */
function line(colour, more) {
  return {
    data: [],
    borderColor: () => colours[colour],
    borderWidth: () => rem * 0.2,
    pointRadius: 0,
    tension: 0,
    ...more,
  };
}

/* Those of several metrics: told apart by their dashes too. The style sheet has them once more. */
const METRIC_LINES = [
  { colour: "ink", dash: [] },
  { colour: "have", dash: [14, 5] },
  { colour: "load", dash: [3, 5] },
  { colour: "ok", dash: [] },
  { colour: "bad", dash: [14, 5] },
  { colour: "soft", dash: [3, 5] },
];

const dashed = { borderDash: [10, 7], borderWidth: () => rem * 0.16 };
const edge = { borderWidth: 0, stepped: true };
const bound = { borderDash: [3, 5], borderWidth: () => rem * 0.08, stepped: true };

/* The time axis: round times, six at most. Only the lowest chart writes them. */
function timeTicks(axis) {
  const steps = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
  const step = steps.find((s) => (axis.max - axis.min) / s <= 6) ?? 604800;
  axis.ticks = [];
  for (let t = Math.ceil(Math.max(0, axis.min) / step) * step; t <= axis.max; t += step)
    axis.ticks.push({ value: t });
}

/* No room for a label at the very edge. */
function timeLabel(t) {
  const edge = (this.max - this.min) * 0.03;
  return t > this.max - edge ? "" : clock(t);
}

function makeChart(id, datasets, unit, lowest) {
  const ticks = { color: () => colours.soft, font: () => ({ size: textSize() }), maxRotation: 0 };
  const grid = { color: () => colours.line, drawBorder: false, tickLength: 0 };
  return new Chart(el(id), {
    type: "line",
    data: { datasets },
    options: {
      animation: false,
      parsing: false,
      normalized: true,
      responsive: true,
      maintainAspectRatio: false,
      events: [],
      layout: { padding: { top: 6, right: 6 } },
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
      scales: {
        x: {
          type: "linear",
          grid,
          ticks: { ...ticks, display: lowest === true, callback: timeLabel, padding: 7 },
          afterBuildTicks: timeTicks,
          afterFit: (axis) => (axis.paddingLeft = axis.paddingRight = 0), // all charts end alike
        },
        y: {
          beginAtZero: true,
          grid,
          ticks: { ...ticks, padding: 6, maxTicksLimit: 4, callback: (v) => short(v) + unit() },
          afterFit: (axis) => (axis.width = rem * 3.4 * TEXT_SIZES[state.text]),
        },
      },
    },
  });
}

let charts = [];
const chartUnits = { metric: "", load: "" };

function makeCharts() {
  const replicas = makeChart("replicas-chart", [
    line("have", { stepped: true, fill: "origin", backgroundColor: faded("have", 0.22) }),
    line("want", { ...dashed, stepped: true }), // under the other: seen where they differ
    line("soft", bound),
    line("soft", bound),
  ], () => "");
  const metric = makeChart("metric-chart", [
    line("target", dashed),
    line("target", edge),
    line("target", { ...edge, fill: "-1", backgroundColor: faded("target", 0.25) }),
    ...METRIC_LINES.map(({ colour, dash }) => line(colour, { borderDash: dash, order: -1 })),
  ], () => chartUnits.metric);
  const load = makeChart("load-chart", [
    line("load", { fill: "origin", backgroundColor: faded("load", 0.18) }),
  ], () => chartUnits.load, true);
  charts = [replicas, metric, load];
}

/* A point between two equal ones draws nothing: most of a calm run is left out. */
function thin(points, pick) {
  const kept = [];
  let previous;
  points.forEach((point, i) => {
    const y = pick(point);
    const value = isNumber(y) ? y : NaN;
    const next = i + 1 < points.length ? pick(points[i + 1]) : undefined;
    if (i === 0 || y !== previous || y !== next) kept.push({ x: point.t, y: value });
    previous = y;
  });
  return kept;
}

function visible(points, point) {
  const last = points[points.length - 1];
  const span = last.wall - points[0].wall;
  const width = Math.min(MAX_WINDOW_S, Math.max(MIN_WINDOW_S, isNumber(span) ? span : 0));
  const min = last.t - width * (isNumber(point.speed) ? point.speed : 1);
  const first = points.findIndex((p) => p.t >= min);
  return { min, max: last.t, points: points.slice(Math.max(0, first - 1)) };
}

function drawCharts(target) {
  const all = state.series.get(state.shown);
  if (state.paused || !all?.length) return;
  const { min, max, points } = visible(all, state.point);
  const [replicas, metric, load] = charts;
  fill(replicas, points, [(p) => p.current, (p) => p.desired, (p) => p.min, (p) => p.max]);
  drawMetrics(metric, points, list(target.metrics));
  fill(load, points, [(p) => p.load]);
  scaleReplicas(replicas, points);
  load.options.scales.y.suggestedMax = 5;
  chartUnits.load = target.queue ? "" : target.load?.unit ?? "/s";
  for (const chart of charts) {
    Object.assign(chart.options.scales.x, { min, max });
    chart.update("none");
  }
}

/* A number of metric i: as it is, or as percent of its target where there are several. */
function metricPick(i, name, several) {
  return (point) => {
    const m = point.metrics[i];
    const v = m && (name === "value" ? valueOf(m) : m[name]);
    if (!several || !isNumber(v)) return v;
    return m.target > 0 ? (100 * v) / m.target : null;
  };
}

function drawMetrics(chart, points, metrics) {
  const several = metrics.length > 1;
  const lines = METRIC_LINES.map((_, i) => metricPick(i, "value", several));
  const target = ["target", "low", "high"].map((name) => metricPick(0, name, several));
  fill(chart, points, [...target, ...lines]);
  chart.options.scales.y.suggestedMax = 1.6 * (several ? 100 : metrics[0]?.target ?? 0);
  const unit = several ? "%" : metrics[0]?.unit ?? "";
  chartUnits.metric = unit === "%" ? " %" : unit;
}

function fill(chart, points, picks) {
  picks.forEach((pick, i) => (chart.data.datasets[i].data = thin(points, pick)));
}

/* All of min..max is shown if that is readable, else what was used of it. */
function scaleReplicas(chart, points) {
  const { max } = points[points.length - 1];
  const used = Math.max(1, ...points.map((p) => Math.max(p.current ?? 0, p.desired ?? 0)));
  const top = isNumber(max) && max <= Math.max(20, 2 * used) ? max : used * 1.5;
  chart.options.scales.y.max = Math.ceil(top * 1.08 * 2) / 2;
  chart.options.scales.y.afterBuildTicks = (axis) => {
    const step = Math.max(1, Math.ceil(top / 2));
    axis.ticks = [0, step, 2 * step].filter((v) => v <= axis.max).map((value) => ({ value }));
  };
}

/* ---- drawing ---- */

let drawTimer = 0;
let drawnAt = -Infinity;

function drawSoon() {
  if (drawTimer || document.hidden) return;
  const wait = Math.max(0, drawnAt + DRAW_EVERY_MS - performance.now());
  drawTimer = setTimeout(() => requestAnimationFrame(drawNow), wait);
}

function drawNow() {
  clearTimeout(drawTimer);
  drawTimer = 0;
  drawnAt = performance.now();
  const point = state.point;
  if (!point) return;
  const target = shownTarget();
  showHeader(point, target);
  showOthers(point);
  showScene(point);
  showEvents(point);
  if (!target) return showNothing();
  showDecision(target);
  showNumbers(target);
  showLegend(target);
  showPods(target);
  drawCharts(target);
}

function showNothing() {
  setText(el("sentence"), "No HorizontalPodAutoscaler yet");
  setText(el("why"), "");
  setAttribute(el("decision"), "data-turn", "hold");
  el("next").hidden = true;
  showNumbers({});
  showLegend({});
  showPods({});
}

/* ---- keys ---- */

function resetCharts() {
  readStyle();
  for (const chart of charts) chart.update("none");
  fitText(el("words"));
  fitText(el("say"));
}

function toggleDark() {
  const root = document.documentElement;
  setTheme(root.dataset.theme === "dark" ? "light" : "dark");
  resetCharts();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  keep("theme", theme);
}

function setTextSize(index) {
  state.text = Math.min(TEXT_SIZES.length - 1, Math.max(0, index));
  document.documentElement.style.setProperty("--text", TEXT_SIZES[state.text]);
  keep("text", state.text);
  resetCharts();
}

/* Kept for the next time that this address is opened, where the browser allows it. */
function keep(name, value) {
  try {
    localStorage.setItem(`swell-${name}`, value);
  } catch {
    /* the page works without */
  }
}

function kept(name) {
  try {
    return localStorage.getItem(`swell-${name}`);
  } catch {
    return null;
  }
}

function togglePause() {
  state.paused = !state.paused;
  el("paused").hidden = !state.paused;
  setText(el("paused").querySelector("span"), clock(state.point?.t));
  if (!state.paused) drawNow();
}

function pick(index) {
  const targets = list(state.point?.targets);
  if (!targets[index]) return;
  state.shown = keyOf(targets[index]);
  state.picked = true;
  drawNow();
}

function pickNext() {
  const keys = list(state.point?.targets).map(keyOf);
  if (keys.length > 1) pick((keys.indexOf(state.shown) + 1) % keys.length);
}

const toggleHelp = () => (el("help").hidden = !el("help").hidden);

const KEYS = {
  "?": toggleHelp,
  Escape: () => (el("help").hidden = true),
  " ": togglePause,
  d: toggleDark,
  "+": () => setTextSize(state.text + 1),
  "=": () => setTextSize(state.text + 1),
  "-": () => setTextSize(state.text - 1),
  0: () => setTextSize(USUAL_TEXT),
  n: pickNext,
};

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const act = /^[1-9]$/.test(name) ? () => pick(Number(name) - 1) : KEYS[name];
  if (!act) return;
  event.preventDefault();
  act();
}

/* ---- start ---- */

function start() {
  readStyle();
  makeCharts();
  if (kept("theme") === "dark") setTheme("dark");
  setTextSize(Number(kept("text") ?? USUAL_TEXT) || 0);
  document.addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", drawSoon);
  addEventListener("resize", resetCharts);
  setInterval(watchSilence, 1000);
  connect();
}

start();
