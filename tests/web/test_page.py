# SPDX-License-Identifier: MIT
"""The live page in a real browser: alone, in front of a fake lab that says what the test wants, and
in front of the real one."""
import os
import shutil
import sys
import tempfile
import threading
import unittest
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../process"))

from browser import Browser
from fake_lab import FILES, FakeLab, metric, pod, queue_target, scene, target
from program import BIN, Program, wait_until

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
ALL_STATES = ("ready", "starting", "unready", "leaving", "crashed")
RESCALED = {"t": 5.0, "type": "Normal",
            "text": "SuccessfulRescale: New size: 5; reason: cpu resource utilization "
                    "(percentage of request) above target"}
# As long as the lab's own get: a limit, a second metric that failed, pods that do not count.
LONG = {"sentence": "CPU is 1220 % of what 10 pods request, target 50 %: 10 × 24.4 = 244 pods; the "
                    "policies allow no more than 10 now; swell_queue_depth is unknown",
        "why": "scaleUp policy: 4 pods in 15 seconds, 4 used; 4 come back in 10 seconds. "
               "php-apache-6d8f-x7k01 was measured before it was ready, php-apache-6d8f-x7k02 is "
               "not ready yet, and 3 more.",
        "at": 5.0, "next_in": 1.2}

# Elements whose content does not fit in them. Lines that end in "…" by design are left out.
CUT_OFF = """
const designed = "#events li, #kind, #frame, #targets, .pod .name, #metrics-list :is(li, span)";
return [...document.querySelectorAll("body *")].filter((e) =>
  !e.closest("svg, #help, script") && !e.matches(designed) && e.getClientRects().length > 0 &&
  getComputedStyle(e).overflow !== "visible" &&
  (e.scrollHeight > e.clientHeight + 2 || e.scrollWidth > e.clientWidth + 1))
  .map((e) => `${e.id || e.className}: ${e.scrollWidth}x${e.scrollHeight} ` +
              `in ${e.clientWidth}x${e.clientHeight}`);
"""

CONTRASTS = """
const style = getComputedStyle(document.documentElement);
const light = (name) => {
  const hex = style.getPropertyValue(`--${name}`).trim().replace("#", "");
  const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
  const [r, g, b] = [0, 2, 4].map((i) => parseInt(full.slice(i, i + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const result = {};
for (const back of ["paper", "panel"])
  for (const text of ["ink", "soft", "have", "want", "target", "load", "ok", "warn", "bad"]) {
    const [a, b] = [light(text), light(back)].sort((x, y) => y - x);
    result[`${text} on ${back}`] = (a + 0.05) / (b + 0.05);
  }
return result;
"""


class PageAlone(unittest.TestCase):
    """Against a fake lab: see fake_lab.py."""

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()

    def setUp(self):
        self.lab = FakeLab()
        self.addCleanup(self.lab.stop)
        self.addCleanup(self.browser.leave)

    def show(self, *targets, **more):
        """Opens the page on a lab whose newest point is this one."""
        for _ in range(3):
            self.lab.point(*targets, **more)
        self.browser.open(self.lab.url)
        self.browser.wait_seen("#pods .pod", any(t.get("pods") for t in targets))
        self.browser.wait_for_text("#name", targets[0]["name"])

    def series(self, chart, dataset=0):
        return self.browser.run(
            "return Chart.getChart(arguments[0]).data.datasets[arguments[1]].data",
            f"{chart}-chart", dataset)

    def test_asks_nobody_but_the_lab_and_has_nothing_to_complain_about(self):
        self.show(target())
        requests = self.browser.requests()
        self.assertTrue(requests)
        for url in requests:
            self.assertTrue(url.startswith((self.lab.url, "data:")), url)
        entries = self.browser.run("return performance.getEntries().map((e) => e.name)")
        self.assertEqual([], [e for e in entries if "//" in e and not e.startswith(self.lab.url)])
        self.assertEqual({*FILES, "/lab/stream"}, set(self.lab.asked))  # and no /favicon.ico
        self.assertEqual([], self.browser.problems())

    def test_is_not_allowed_to_ask_anybody_else(self):
        self.show(target())
        refused = self.browser.run(
            "return fetch('http://127.0.0.1:9/').then(() => 'sent', (e) => e.message)")
        self.assertIn("Failed to fetch", refused)
        self.assertIn("Content Security Policy", " ".join(self.browser.problems()))

    def test_shows_numbers_sentence_and_reason(self):
        self.show(target(current=2, desired=5))
        for selector, text in {
                "#name": "php-apache", "#kind": "Deployment", "#current": "2", "#desired": "→5",
                "#bounds": "min 1 · max 10", "#metric-name": "CPU", "#metric-value": "122 %",
                "#metric-target": "target 50 %", "#tolerated": "45 – 55 % tolerated",
                "#load-value": "74/s", "#load-more": "p99 38 ms", "#pods-count": "2 of 2 ready",
                "#sentence": "CPU is 122 % of what 2 pods request, target 50 %: 2 × 2.44 = 4.88, so 5 pods",
                "#why": "Scaling up does not wait.", "#next b": "1.2 s",
                "#frame": "0:10 · clock ×10 · CPU limits: cgroup v1"}.items():
            self.assertEqual(text, self.browser.text(selector), selector)
        self.assertEqual("up", self.browser.run("return el('decision').dataset.turn"))

    def test_shows_replicas_growing(self):
        self.show(target(current=1))
        for current, desired in ((1, 2), (2, 2), (2, 5), (5, 5)):
            self.lab.point(target(current=current, desired=desired))
            self.browser.wait_for_text("#current", str(current))
            self.browser.wait_for_text("#desired", f"→{desired}" if desired != current else "")
        self.assertEqual(5, self.browser.run("return document.querySelectorAll('.pod').length"))
        wait_until(lambda: self.series("replicas")[-1]["y"] == 5, "the chart to show 5 replicas")
        heights = [point["y"] for point in self.series("replicas")]
        self.assertEqual(sorted(heights), heights)
        self.assertEqual(1, heights[0])
        self.assertEqual([45, 55], [round(self.series("metric", i)[-1]["y"]) for i in (1, 2)])
        for chart in ("replicas", "metric", "load"):
            self.assertTrue(self.browser.run(
                "const c = document.getElementById(arguments[0]);"
                "return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)",
                f"{chart}-chart"), f"{chart} is blank")
        self.browser.screenshot("page-fake-lab")

    def test_tells_the_state_of_a_pod_by_shape_and_word(self):
        self.show(target(pods=[pod(f"php-apache-6d8f-{state}", state) for state in ALL_STATES]))
        tiles = self.browser.run(
            "return [...document.querySelectorAll('.pod')].map((p) => [p.dataset.state,"
            "p.querySelector('use').getAttribute('href'), p.querySelector('.state')?.textContent])")
        words = (None, "starting", "not ready", "leaving", "crashed")
        self.assertEqual([[s, f"#shape-{s}", word] for s, word in zip(ALL_STATES, words)], tiles)
        opacity = "return Number(getComputedStyle(document.querySelector(arguments[0])).opacity)"
        wait_until(lambda: self.browser.run(opacity, ".pod[data-state=ready]") == 1, "a full tile")
        self.assertLess(self.browser.run(opacity, ".pod[data-state=leaving]"), 0.8)

    def test_leaves_the_tiles_of_old_pods_alone_when_a_pod_comes(self):
        self.show(target(current=1))
        moving = "return document.querySelectorAll('.pod')[arguments[0]].getAnimations().length"
        wait_until(lambda: self.browser.run(moving, 0) == 0, "the first tile to have arrived")
        self.browser.run("window.first = document.querySelector('.pod');"
                         "first.addEventListener('animationstart', () => (first.again = true))")
        self.lab.point(target(current=2))
        self.browser.wait_seen(".pod:nth-child(2)")
        wait_until(lambda: self.browser.run(moving, 1) == 0, "the second tile to have arrived")
        self.assertEqual([True, None], self.browser.run(
            "return [first === document.querySelector('.pod'), first.again]"))

    def test_shows_throttling_and_the_marks_of_request_and_limit(self):
        self.show(target(pods=[
            pod("php-apache-6d8f-x7k2p", cpu_milli=487, throttled=0.32, restarts=2)]))
        self.assertEqual("x7k2p ↻2", self.browser.text(".pod .name"))
        self.assertEqual("cut 32 %", self.browser.text(".pod .cutting"))
        used, request, limit = self.browser.run(
            "const bar = document.querySelector('.pod .bar').getBoundingClientRect();"
            "const [used, request, limit] = document.querySelector('.pod .bar').children;"
            "const at = (e, edge) => (e.getBoundingClientRect()[edge] - bar.left) / bar.width;"
            "return [at(used, 'right'), at(request, 'left'), at(limit, 'left')]")
        self.assertLess(request, used)
        self.assertLess(used, limit + 0.02)
        self.assertAlmostEqual(request / limit, 200 / 500, delta=0.03)

    def test_shows_the_depth_of_a_queue(self):
        self.show(queue_target(47))
        for selector, text in {"#load-value": "47", "#load-more": "5 running · 1203 done",
                               "#metric-name": "swell_queue_depth", "#metric-value": "24",
                               "#metric-target": "target 5 per pod"}.items():
            self.assertEqual(text, self.browser.text(selector), selector)
        self.assertEqual(47, self.series("load")[-1]["y"])

    def metric_rows(self):
        """What stands beside the chart of several metrics: (name, numbers)."""
        return [tuple(text.replace("\u00a0", " ") for text in row) for row in self.browser.run(
            "return [...document.querySelectorAll('#metrics-list li')]"
            ".map((li) => [...li.querySelectorAll('span, b')].map((e) => e.textContent))")]

    def test_shows_every_metric_as_a_part_of_its_target(self):
        self.show(target(metrics=[metric(value=40), metric("swell_queue_depth", 24, 5, "Value")]))
        self.assertTrue(self.browser.seen("#metrics"))
        self.assertFalse(self.browser.seen("#one-metric"))
        self.assertEqual([("CPU", "40 % / 50 %"), ("swell_queue_depth", "24 / 5")],
                         self.metric_rows())
        heights = [round(self.series("metric", i)[-1]["y"]) for i in range(5)]
        self.assertEqual([100, 90, 110, 80, 480], heights)  # target, band, the two metrics
        self.assertEqual("hold", self.browser.run("return el('decision').dataset.turn"))
        self.lab.point(target())
        self.browser.wait_seen("#one-metric")
        self.assertFalse(self.browser.seen("#metrics"))
        wait_until(lambda: self.series("metric", 3)[-1]["y"] == 122, "CPU in its own unit again")
        self.assertIsNone(self.series("metric", 4)[-1]["y"])

    def test_tells_the_lines_of_metrics_apart_without_colour(self):
        self.show(target(metrics=[metric(f"m{i}", 10 * i, 50) for i in range(3)]))
        keys = self.browser.run(
            "return [...document.querySelectorAll('#metrics-list i')].map(getComputedStyle)"
            ".map((s) => [s.borderTopStyle, s.borderTopColor])")
        self.assertEqual(["solid", "dashed", "dotted"], [style for style, _ in keys])
        self.assertEqual(3, len({colour for _, colour in keys}))
        dashes = self.browser.run("return Chart.getChart('metric-chart').data.datasets.slice(3, 6)"
                                  ".map((d) => d.borderDash)")
        self.assertEqual(3, len({tuple(dash) for dash in dashes}))

    def test_one_metric_that_is_known_is_not_blind(self):
        lost = metric("swell_queue_depth", None, 5, "Value", "no answer")
        self.show(target(current=2, desired=5, metrics=[metric(), lost]))
        self.assertEqual([("CPU", "122 % / 50 %"), ("swell_queue_depth", "<unknown> / 5")],
                         self.metric_rows())
        self.assertEqual("up", self.browser.run("return el('decision').dataset.turn"))
        self.assertTrue(self.browser.run(
            "return document.querySelector('#metrics-list li:last-child b.error') !== null"))
        self.lab.point(target(current=5, metrics=[lost, lost]))
        self.browser.wait_for_text("#current", "5")
        self.assertEqual("blind", self.browser.run("return el('decision').dataset.turn"))

    def test_fits_a_projector_with_many_metrics(self):
        names = ("cpu", "packets-per-second-received", "swell_queue_depth", "memory", "hits", "lag", "age")
        for count in range(2, 8):
            for step in range(10):
                metrics = [metric(name, 9000 + 1000 * (i + step % 4), 10000 + 10 * i, "Value")
                           for i, name in enumerate(names[:count])]
                self.lab.point(target(metrics=metrics, decision=LONG), scene=scene())
            self.browser.open(self.lab.url)
            wait_until(lambda: len(self.metric_rows()) == min(count, 6), f"{count} metrics")
            self.assertEqual("" if count <= 6 else " · +1",
                             self.browser.text("#metrics-rest"))
            for keys in ("0", "+", "+", "0-", "-"):
                self.browser.press(keys)
                self.assertEqual([], self.browser.run(CUT_OFF), f"{count} metrics after {keys}")
            self.assertGreaterEqual(self.smallest_text(), 12.8)
            self.browser.press("0")
            self.assertGreaterEqual(self.smallest_text(), 16)
            self.browser.screenshot(f"page-{count}-metrics")

    def test_says_when_the_metric_is_not_known(self):
        self.show(target(metrics=[{**metric(value=None, error="no metrics returned"),
                                   "low": None, "high": None}],
                         decision={"sentence": "no metrics for CPU",
                                   "why": "FailedGetResourceMetric: no metrics returned"}))
        self.assertEqual("<unknown>", self.browser.text("#metric-value"))
        self.assertEqual("", self.browser.text("#tolerated"))
        self.assertEqual("FailedGetResourceMetric: no metrics returned", self.browser.text("#why"))
        self.assertEqual("blind", self.browser.run("return el('decision').dataset.turn"))

    def test_shows_missing_fields_as_dashes(self):
        self.browser.open(self.lab.url)
        bare = {"name": "bare", "pods": [{}], "new": {"field": 1}}
        self.lab.send("point", {"t": 1, "targets": [bare]})
        self.browser.wait_for_text("#name", "bare")
        for selector in ("#current", "#metric-value", "#load-value", ".pod .name"):
            self.assertEqual("–", self.browser.text(selector), selector)
        self.lab.send("point", {})
        self.browser.wait_for_text("#sentence", "No HorizontalPodAutoscaler yet")
        self.assertEqual([], self.browser.problems())

    def test_takes_what_the_lab_says_as_text(self):
        evil = "<img src=x onerror=alert(1)>"
        self.show(target(decision={"sentence": evil, "why": evil}, pods=[pod(evil)]),
                  events=[{"t": 1, "type": "Warning", "text": evil}], scene=scene(say=evil))
        for selector in ("#sentence", "#why", ".pod .name", "#events li span", "#say"):
            self.assertEqual(evil, self.browser.text(selector), selector)
        self.assertFalse(self.browser.run("return document.images.length"))

    def test_fits_a_projector_without_scrolling_whatever_the_text_size(self):
        ten = target(current=10, decision=LONG, pods=[
            pod(f"php-apache-6d8f-x7k{i:02}", ALL_STATES[i % 5], throttled=1.0, restarts=i)
            for i in range(10)])
        ten["load"].update(rate=12345, p99_ms=1234, errors=1204)
        self.show(ten, queue_target(), scene=scene(), events=[RESCALED, RESCALED, RESCALED])
        for width, height in ((1280, 720), (1920, 1080)):
            self.browser.size(width, height)
            for keys in ("0", "+", "+", "0-", "-"):
                self.browser.press(keys)
                self.assertEqual([width, height], self.browser.run(
                    "const e = document.documentElement; return [e.scrollWidth, e.scrollHeight]"))
                self.assertEqual([], self.browser.run(CUT_OFF), f"{width}x{height} after {keys}")
        self.browser.size(1280, 720)

    def test_stays_legible_in_light_and_dark(self):
        self.show(target(), queue_target(), scene=scene(), events=[RESCALED, RESCALED])
        for _ in range(2):
            for pair, contrast in self.browser.run(CONTRASTS).items():
                self.assertGreaterEqual(contrast, 4.5, pair)
            self.browser.press("d")
        self.assertGreaterEqual(self.smallest_text(), 16)

    def smallest_text(self):
        return self.browser.run(
            "return Math.min(...[...document.querySelectorAll('body *')].filter((e) =>"
            "e.getClientRects().length && [...e.childNodes].some((n) => n.nodeType === 3))"
            ".map((e) => parseFloat(getComputedStyle(e).fontSize)))")

    def test_says_when_the_lab_has_stopped_and_comes_back_by_itself(self):
        self.show(target(current=2))
        self.assertFalse(self.browser.seen("#lost"))
        self.lab.stop()
        self.browser.wait_seen("#lost")
        self.assertIn("The lab has stopped", self.browser.text("#lost"))
        self.assertEqual("2", self.browser.text("#current"))  # the last state stays
        self.lab.start()
        self.browser.wait_seen("#lost", False)
        self.lab.point(target(current=3))
        self.browser.wait_for_text("#current", "3")

    def test_says_how_the_demo_ended(self):
        self.show(target(), scene=scene())
        self.assertEqual("4 clients", self.browser.text("#step"))
        self.assertEqual([2, 1, 6], self.browser.run(
            "return ['.done', '.now', ''].map("
            "(c) => document.querySelectorAll(`#pips i${c}`).length)"))
        self.lab.send("end", {"summary": "cpu: 1 to 5 to 1 in 84 s", "ok": True})
        self.browser.wait_for_text("#say", "cpu: 1 to 5 to 1 in 84 s")
        self.assertEqual("✓ The demo is over", self.browser.text("#scene-title"))

    def test_question_mark_opens_help_that_names_every_key(self):
        self.show(target())
        self.assertFalse(self.browser.seen("#help"))
        self.browser.press("?")
        self.assertTrue(self.browser.seen("#help"))
        keys = self.browser.run(
            "return [...document.querySelectorAll('#help kbd')].map((k) => k.textContent)")
        for key in ("?", "Esc", "space", "d", "+", "−", "0", "n", "1", "9"):
            self.assertIn(key, keys)
        self.browser.screenshot("page-help")
        self.browser.press("\ue00c")  # Escape
        self.assertFalse(self.browser.seen("#help"))
        self.browser.press("??")
        self.assertFalse(self.browser.seen("#help"))

    def test_space_pauses_the_charts_but_not_the_numbers(self):
        self.show(target(current=1))
        self.browser.press(" ")
        self.assertTrue(self.browser.seen("#paused"))
        self.lab.point(target(current=4))
        self.browser.wait_for_text("#current", "4")
        self.assertEqual(1, self.series("replicas")[-1]["y"])
        self.browser.press(" ")
        self.assertFalse(self.browser.seen("#paused"))
        self.assertEqual(4, self.series("replicas")[-1]["y"])

    def test_d_toggles_the_dark_theme_and_is_remembered(self):
        self.show(target())
        paper = "return getComputedStyle(document.body).backgroundColor"
        self.assertEqual("rgb(255, 255, 255)", self.browser.run(paper))
        self.browser.press("d")
        self.assertEqual("rgb(13, 17, 23)", self.browser.run(paper))
        self.browser.screenshot("page-dark")
        self.browser.open(self.lab.url)
        self.assertEqual("rgb(13, 17, 23)", self.browser.run(paper))
        self.browser.press("d")
        self.assertEqual("rgb(255, 255, 255)", self.browser.run(paper))

    def test_plus_and_minus_change_the_size_of_the_text(self):
        self.show(target())
        size = "return parseFloat(getComputedStyle(el('say')).fontSize)"
        usual = self.browser.run(size)
        self.browser.press("+")
        self.assertGreater(self.browser.run(size), usual)
        self.browser.press("0")
        self.assertEqual(usual, self.browser.run(size))
        self.browser.press("-")
        self.assertLess(self.browser.run(size), usual)

    def test_n_and_digits_choose_among_several_targets(self):
        self.show(target(), queue_target(), target(name="third", current=7))
        others = "return [...document.querySelectorAll('#targets li')].map((li) => li.textContent)"
        self.assertEqual(["2 worker 2 · 24", "3 third 7 · 122\u00a0%"], self.browser.run(others))
        for key, name in (("n", "worker"), ("n", "third"), ("n", "php-apache"), ("3", "third"),
                          ("9", "third"), ("1", "php-apache")):
            self.browser.press(key)
            self.assertEqual(name, self.browser.text("#name"), f"after {key}")

    def test_shows_a_target_that_appears_unless_one_was_picked(self):
        self.show(target())
        self.lab.point(target(), queue_target())
        self.browser.wait_for_text("#name", "worker")
        self.browser.press("1")
        self.lab.point(target(current=3), queue_target(), target(name="third"))
        self.browser.wait_for_text("#current", "3")
        self.assertEqual("php-apache", self.browser.text("#name"))

    def test_draws_at_most_twice_a_second(self):
        self.show(target())
        self.browser.run("window.draws = []; const update = charts[0].update;"
                         "charts[0].update = function (...a) {"
                         "  draws.push(performance.now()); update.apply(this, a); }")
        received = "return state.point.targets[0].replicas.current"
        points = 0
        while len(self.browser.run("return draws")) < 4:  # one point as soon as the last is there
            points += 1
            self.lab.point(target(current=points, pods=[]))
            wait_until(lambda: self.browser.run(received) == points, f"point {points}")
        draws = self.browser.run("return draws")
        for earlier, later in zip(draws, draws[1:]):
            self.assertGreater(later - earlier, 400)
        self.assertGreater(points, 2 * len(draws))

    def test_holds_five_minutes_and_no_more(self):
        for i in range(700):
            self.lab.point(target(current=1 + i % 2))
        self.browser.open(self.lab.url)
        self.browser.wait_for_text("#current", "2")
        self.assertEqual(600, self.browser.run("return state.series.get(state.shown).length"))

    def test_moves_nothing_when_reduced_motion_is_preferred(self):
        animation = "return getComputedStyle(document.querySelector('.pod')).animationName"
        self.show(target())
        self.assertEqual("arrive", self.browser.run(animation))
        self.browser.prefer_reduced_motion("reduce")
        self.addCleanup(self.browser.prefer_reduced_motion, "no-preference")
        self.assertEqual("none", self.browser.run(animation))


def start_lab(manifests=os.path.join(ROOT, "lab/scenes/cpu")):
    """The real lab over a folder of manifests; with-statement, like any Program."""
    return Program("swell-lab", "up", "-f", manifests, "--port=0", "--speed=20")


class Clients:
    """Closed-loop clients, one connection a request as busybox wget makes them."""

    def __init__(self, url, count):
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._ask, args=(url,)) for _ in range(count)]

    def _ask(self, url):
        while not self.stopping.is_set():
            try:
                with urllib.request.urlopen(url, timeout=10) as answer:
                    answer.read()
            except OSError:
                self.stopping.wait(0.05)

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


@unittest.skipUnless(os.path.exists(os.path.join(BIN, "swell-lab")), "swell-lab is not built")
class PageOfTheLab(unittest.TestCase):
    """Against the real lab with the real scene's manifests."""

    def test_shows_replicas_growing_under_load_and_says_when_the_lab_has_stopped(self):
        with start_lab() as lab, Browser() as browser:
            url = f"http://{lab.address}:{lab.port}/"
            browser.open(url)
            browser.wait_for_text("#name", "php-apache")
            wait_until(lambda: browser.seen(".pod[data-state=ready]"), "a ready pod on the page")
            with Clients(service_url(lab, "php-apache"), 4):
                wait_until(lambda: int(browser.text("#current")) >= 3, "3 replicas on the page")
                wait_until(lambda: browser.run(
                    "return document.querySelectorAll('.pod[data-state=ready]').length") >= 3,
                    "3 ready pods on the page")
                browser.screenshot("page-lab")
            self.assertEqual([1280, 720], browser.run(
                "const e = document.documentElement; return [e.scrollWidth, e.scrollHeight]"))
            self.assertEqual([], browser.problems())
            for asked in browser.requests():
                self.assertTrue(asked.startswith((url, "data:")), asked)
            self.assertEqual(0, lab.stop())
            browser.wait_seen("#lost")

    def test_shows_both_metrics_of_an_autoscaler_that_has_two(self):
        with tempfile.TemporaryDirectory() as folder:
            scene_folder = os.path.join(ROOT, "lab/scenes/cpu")
            shutil.copy(os.path.join(scene_folder, "php-apache.yaml"), folder)
            with open(os.path.join(scene_folder, "hpa.yaml"), encoding="utf-8") as file:
                hpa = file.read()
            with open(os.path.join(folder, "hpa.yaml"), "w", encoding="utf-8") as file:
                file.write(hpa + MEMORY_TOO)
            with start_lab(folder) as lab, Browser() as browser:
                browser.open(f"http://{lab.address}:{lab.port}/")
                rows = "return [...document.querySelectorAll('#metrics-list b')]" \
                       ".map((b) => parseFloat(b.textContent))"
                wait_until(lambda: browser.seen("#metrics") and
                           [v for v in browser.run(rows) if v is not None and v >= 0][1:],
                           "numbers of both metrics")
                self.assertEqual(["CPU", "memory"], browser.run(
                    "return [...document.querySelectorAll('#metrics-list span')]"
                    ".map((e) => e.textContent)"))
                self.assertEqual([], browser.problems())
                self.assertEqual(0, lab.stop())


MEMORY_TOO = """\
  - type: Resource
    resource:
      name: memory
      target: {type: AverageValue, averageValue: 100Mi}
"""


def service_url(lab, name):
    """Where the lab's proxy listens for a Service, as its object says."""
    spec = lab.json(f"/api/v1/namespaces/default/services/{name}")["spec"]
    return f"http://{spec['clusterIP']}:{spec['ports'][0]['port']}/"


if __name__ == "__main__":
    unittest.main()
