# SPDX-License-Identifier: MIT
"""swell-lab why: runs and steps explained from files of decision records."""
import json
import os
import subprocess
import tempfile
import unittest
import urllib.request

from program import BIN, DEADLINE_S, Program, run, wait_until


def record(second, current, result, rule, sentence, **more):
    """A decision record with what `why` cannot do without, and more, in the order of the real."""
    return {"version": 1, "time": f"2026-01-01T00:{second // 60:02}:{second % 60:02}Z",
            "hpa": {"namespace": "default", "name": "web"},
            "target": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "min": 1, "max": 10, "current": current, "outcome": "decided", **more,
            "result": result, "rescale": current != result, "rule": rule, "sentence": sentence,
            "why": f"because of {rule}"}


def held(second, window=300, highest=10, result=10):
    """A step at which 10 replicas wait in a window."""
    metric = {"type": "Resource", "name": "cpu", "form": "Utilization", "target": 50,
              "counts": {"counted": 9, "unready": 1, "missing": 0, "ignored": 0, "unknown": 0},
              "usage": "135m", "requests": "900m", "pods": [
                  {"name": "web-0", "class": "counted", "rule": "counted", "usage": "135m",
                   "request": "900m"},
                  {"name": "web-1", "class": "unready", "rule": "pending", "standIn": "0"}],
              "value": 15, "average": "15m", "ratio": 0.3, "finalRatio": 0.3,
              "withinTolerance": False, "multiplier": 9, "proposal": 3, "wins": True}
    recommendation = {"value": 10, "ageSeconds": 30.0, "leavesInSeconds": window - 30.0,
                      "holds": True}
    return record(second, 10, result, "scaleDownWindow" if result == 10 else "metric",
                  f"wants 3, goes to {result}", tolerance=[0.9, 1.1], metrics=[metric],
                  recommendation=3, stabilisation={
                      "down": {"seconds": float(window), "highest": highest,
                               "recommendations": [recommendation] if highest == 10 else []},
                      "result": result},
                  limit={"step": 20, "reason": "DesiredWithinRange", "result": result},
                  conditions=[{"type": "AbleToScale", "status": "True",
                               "reason": "ScaleDownStabilized", "message": "m",
                               "was": {"status": "True", "reason": "ReadyForNewScale"}}],
                  events=[{"type": "Normal", "reason": "SuccessfulRescale", "message": "New size"}])


RUN = [record(0, 1, 4, "stepLimit", "CPU is 250 %"), record(15, 4, 10, "maxReplicas", "CPU is 400 %"),
       *[held(second) for second in (30, 45, 60)], record(75, 10, 3, "metric", "nothing holds")]


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, *documents):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            for document in documents:
                file.write((document if isinstance(document, str) else json.dumps(document)) + "\n")
        return path

    def evaluated(self, name="run.jsonl", records=RUN, scenario="s"):
        return self.file(name, *[{"name": scenario, "step": i, "record": r}
                                 for i, r in enumerate(records)])

    def why(self, *arguments):
        code, out, err = run("swell-lab", "why", *arguments)
        self.assertEqual((0, ""), (code, err))
        return out

    def refused(self, sentence, *arguments):
        code, out, err = run("swell-lab", "why", *arguments)
        self.assertEqual((2, ""), (code, out))
        self.assertEqual(1, err.count("\n"), err)
        self.assertIn(sentence, err)


class ARun(Files):
    def test_is_told_change_by_change_and_once_between_them(self):
        lines = self.why(self.evaluated()).splitlines()
        self.assertEqual("s, default/web: 6 decisions in 1 minute 15 seconds: 3 changes, at most "
                         "10 replicas, 3 at the end", lines[0])
        self.assertEqual(["0:00", "1", "→", "4", "CPU", "is", "250", "%"], lines[1].split())
        self.assertEqual("(step 0, stepLimit) because of stepLimit", lines[2].strip())
        self.assertEqual(["0:30", "10", "wants", "3,", "goes", "to", "10"], lines[5].split())
        self.assertEqual("... and 2 more like it, until 1:00", lines[7].strip())
        self.assertEqual(10, len(lines))

    def test_is_a_table_with_a_row_a_step(self):
        rows = [line.split() for line in self.why("--table", self.evaluated()).splitlines()]
        self.assertEqual("STEP TIME CURRENT METRIC VALUE TARGET RATIO FINAL WANTS STABILISED "
                         "RESULT RULE".split(), rows[1])
        self.assertEqual("3 0:45 10 cpu 15 50 0.3 0.3 3 10 10 scaleDownWindow".split(), rows[5])
        self.assertEqual("0 0:00 1 - - - - - - - 4 stepLimit".split(), rows[2])

    def test_comes_from_a_report_an_evaluation_the_api_or_bare_records(self):
        told = self.why(self.evaluated(scenario=""))
        for name, documents in {
                "report": [{"scenes": [{"name": "", "decisions": RUN}]}],
                "bare": RUN,
                "pretty": [json.dumps(r, indent=1) for r in RUN],
                "objects": [{"kind": "ScalingDecision", "metadata": {}, "record": r} for r in RUN],
                "list": [{"items": [{"record": r} for r in RUN]}]}.items():
            self.assertEqual(told, self.why(self.file(name, *documents)), name)

    def test_comes_from_standard_input(self):
        path = self.evaluated()
        told = self.why(path)
        for arguments in ([], ["-"]):
            with open(path, "rb") as file:
                done = subprocess.run([os.path.join(BIN, "swell-lab"), "why", *arguments],
                                      stdin=file, capture_output=True, text=True, check=True)
            self.assertEqual(told, done.stdout)

    def test_is_one_for_each_autoscaler_of_each_scene(self):
        other = [{**r, "hpa": {"namespace": "default", "name": "api"}} for r in RUN]
        mixed = [r for pair in zip(RUN, other) for r in pair]
        path = self.file("report", {"scenes": [{"name": "cpu", "decisions": mixed},
                                               {"name": "queue", "decisions": RUN}]})
        titles = [line.split(":")[0] for line in self.why(path).splitlines() if "decisions in" in line]
        self.assertEqual(["cpu, default/web", "cpu, default/api", "queue, default/web"], titles)
        for name, count in (("cpu", 2), ("queue", 1), ("cpu, default/api", 1)):
            self.assertEqual(count, self.why(f"--run={name}", path).count("decisions in"), name)

    def test_takes_what_a_file_says_as_text(self):
        path = self.evaluated(records=[record(0, 1, 1, "metric", "red \x1b[31m and\x07 bell")])
        self.assertIn("red ?[31m and? bell", self.why(path))


class AStep(Files):
    def test_is_told_in_the_order_in_which_it_was_decided(self):
        told = self.why("--step=3", self.evaluated())
        for sentence in ("s, default/web, step 3: 2026-01-01T00:00:45Z, 45 seconds into the run",
                         "wants 3, goes to 10", "because of scaleDownWindow",
                         "Deployment web has 10; allowed are 1 to 10.",
                         "9 pods counted, using 135m of 900m requested.",
                         "web-1 is unready (pending), then taken to use 0.",
                         "value 15 / target 50 = ratio 0.3; 0.9 to 1.1 is tolerated.",
                         "9 pods × 0.3, rounded up: it wants 3, which wins.",
                         "10 from 30 seconds ago holds, for 4 minutes 30 seconds more.",
                         "Limited: 10 (DesiredWithinRange).",
                         "Result: 10, by rule scaleDownWindow.",
                         "Condition AbleToScale: True, ScaleDownStabilized (was ReadyForNewScale).",
                         "Event SuccessfulRescale: New size"):
            self.assertIn(sentence, told)
            told = told[told.index(sentence):]

    def test_is_found_by_time(self):
        path = self.evaluated()
        for at in ("45s", "59.9s", "2026-01-01T00:00:45Z", "2026-01-01T01:00:59+01:00"):
            self.assertIn("step 3:", self.why(f"--at={at}", path), at)

    def test_is_a_set_of_tables(self):
        rows = [line.split() for line in self.why("--step=3", "--table", self.evaluated()).splitlines()]
        self.assertIn(["web-1", "unready", "pending", "-", "-", "0"], rows)
        self.assertIn(["10", "30", "270", "yes"], rows)
        self.assertIn(["AbleToScale", "True", "ScaleDownStabilized", "ReadyForNewScale"], rows)

    def test_may_have_failed_before_anything_was_read(self):
        bare = record(0, 0, 0, "noScale", "cannot read the scale")
        for member in ("current", "result"):
            del bare[member]
        told = self.why("--step=0", self.file("bare", bare))
        self.assertIn("Result: ?, by rule noScale.", told)


class TwoRuns(Files):
    def test_part_where_the_first_decision_differs_and_the_cause_stands_first(self):
        shorter = [*RUN[:3], held(45, window=60), held(60, window=60, highest=3, result=3), *RUN[5:]]
        a, b = self.evaluated(), self.evaluated("other.jsonl", shorter)
        lines = self.why(f"--diff={b}", a).splitlines()
        self.assertEqual("s, default/web: they part at step 4", lines[0])
        self.assertIn(f"{a}, 1:00: 10, by rule scaleDownWindow: wants 3, goes to 10", lines[1])
        self.assertIn(f"{b}, 1:00: 10 → 3, by rule metric: wants 3, goes to 3", lines[2])
        self.assertEqual("stabilisation.down.seconds: 300.0 against 60.0", lines[4].strip())
        self.assertIn("  Figures differ already from step 3 on:", lines)

    def test_are_the_same_or_differ_in_figures_only(self):
        a = self.evaluated()
        self.assertEqual("s, default/web: 6 steps, no difference\n", self.why(f"--diff={a}", a))
        b = self.evaluated("b", [*RUN[:4], held(60, window=400), RUN[5]])
        self.assertIn("the same decisions; the figures differ from step 4 on",
                      self.why(f"--diff={b}", a))

    def test_may_differ_in_length(self):
        a, b = self.evaluated(), self.evaluated("b", RUN[:4])
        self.assertEqual(["s, default/web: 4 steps, no difference",
                          f"  {a} has 6 steps, {b} has 4."],
                         self.why(f"--diff={b}", a).splitlines())


SCENE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../lab/scenes/cpu")
DECISIONS = "/apis/swell.dev/v1/scalingdecisions"


class ARunningLab(Files):
    def test_answers_with_the_whole_record_and_shows_its_words_on_the_page(self):
        with Program("swell-lab", "up", "-f", SCENE, "--port=0", "--speed=60") as lab:
            decisions = wait_until(lambda: self.measured(lab), "a decision by metrics")
            shown = self.first_target(lab, lambda t: t["decision"]["why"] and t["metrics"][0]["low"])
            self.assertEqual(0, lab.stop())
        record = decisions["items"][0]["record"]
        self.assertEqual(1, record["version"])
        requests = {pod["rule"]: pod["request"] for pod in record["metrics"][0]["pods"]}
        self.assertEqual("200m", requests["counted"])
        self.assertIn("recommendations", record["stabilisation"]["down"])
        self.assertTrue(record["conditions"])
        self.assertTrue({"sentence", "why"} <= set(shown["decision"]))
        self.assertAlmostEqual(45, shown["metrics"][0]["low"])
        self.assertIn(record["sentence"], self.why("--step=0", self.file("list", decisions)))

    @staticmethod
    def measured(lab):
        """The lab's decisions, once one of them comes from a metric."""
        decisions = lab.json(DECISIONS)
        found = any("recommendation" in item["record"] for item in decisions["items"])
        return decisions if found else None

    @staticmethod
    def first_target(lab, wanted):
        """The first in the page's stream that is as wanted."""
        with urllib.request.urlopen(f"http://{lab.address}:{lab.port}/lab/stream",
                                    timeout=DEADLINE_S) as stream:
            for line in stream:
                if not line.startswith(b"data: "):
                    continue
                point = json.loads(line[6:])
                for target in point.get("targets", []):
                    if wanted(target):
                        return target
        raise AssertionError("the stream ended")


class WrongInput(Files):
    def test_is_refused_with_file_line_and_reason(self):
        good = json.dumps({"name": "s", "step": 0, "record": RUN[0]})
        for text, sentence in (
                ("", "holds no decision"),
                ("{}", "line 1: neither a report"),
                (good + "\n\nnonsense", "line 3: '[' or '{' expected"),
                (good + '\n{"name": "s", "step": 1}', "line 2: this step has no record"),
                (good + '\n{"step": 1, "record": {}}', "line 2: this is no decision record"),
                (json.dumps({**RUN[0], "version": 2}), "line 1: the record has version 2"),
                (json.dumps({**RUN[0], "time": "noon"}), "line 1: the record's time"),
                ('{"a": 1, "a": 2}', "line 1: duplicate object key"),
                ('{"scenes": []}', "holds no decision")):
            path = self.file("wrong", text)
            self.refused(f"'{path}' {sentence}", path)

    def test_is_refused_with_what_there_is_instead(self):
        path = self.evaluated()
        other = self.file("other", {"scenes": [{"name": "x", "decisions": RUN},
                                               {"name": "y", "decisions": RUN}]})
        for sentence, *arguments in (
                ("has no step 9; the first run has 6 steps", "--step=9", path),
                ("has no step at or before 2025-01-01T00:00:00Z", "--at=2025-01-01T00:00:00Z", path),
                ("has no run 'x'; its first is 's, default/web'", "--run=x", path),
                ("have no run in common", f"--diff={other}", path),
                ("--step: 'two' is not a number", "--step=two", path),
                ("--at: 'noon' is neither a time", "--at=noon", path),
                ("--step and --at exclude each other", "--step=1", "--at=1s", path),
                ("--diff finds the step by itself", f"--diff={path}", "--table", path),
                ("one file at a time", path, path),
                ("cannot open '/nowhere'", "/nowhere"),
                ("cannot open '/nowhere'", "--diff=/nowhere", path)):
            self.refused(sentence, *arguments)


if __name__ == "__main__":
    unittest.main()
