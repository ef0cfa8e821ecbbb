# SPDX-License-Identifier: MIT
"""swell-lab evaluate: lines in, lines out, and what it says about lines that it cannot read."""
import json
import os
import subprocess
import tempfile
import unittest

from program import BIN, DEADLINE_S, run

TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
METRIC = {"type": "External", "external": {
    "metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "1"}}}
HPA = {"metadata": {"name": "web"},
       "spec": {"scaleTargetRef": TARGET, "maxReplicas": 10, "metrics": [METRIC]}}
SCALE = "/apis/apps/v1/namespaces/default/deployments/web/scale"
QUEUE = "/apis/external.metrics.k8s.io/v1beta1/namespaces/default/q"


def scenario(name, *wanted):
    """One that has 2 replicas, and wants so many at each step."""
    scale = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": "web"},
             "spec": {"replicas": 2}, "status": {"replicas": 2, "selector": "app=web"}}
    steps = [{"time": f"2026-01-01T00:00:{15 * (i + 1):02}Z",
              "responses": {SCALE: scale, QUEUE: {"items": [{"value": str(n)}]}}}
             for i, n in enumerate(wanted)]
    return json.dumps({"name": name, "hpa": HPA, "steps": steps})


def evaluate(text, *flags):
    """(exit code, results, stderr) of standard input."""
    done = subprocess.run([os.path.join(BIN, "swell-lab"), "evaluate", *flags], input=text,
                          capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


class Evaluate(unittest.TestCase):
    def test_a_line_per_step_in_the_order_of_the_input(self):
        code, results, errors = evaluate(scenario("a", 2, 4) + "\n\n  \n" + scenario("b", 3))
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual([(r["name"], r["step"], r["scaleTo"]) for r in results],
                         [("a", 0, None), ("a", 1, 4), ("b", 0, 3)])
        self.assertEqual(results[1]["time"], "2026-01-01T00:00:30Z")
        self.assertEqual(results[1]["events"][0]["reason"], "SuccessfulRescale")

    def test_nothing_is_kept_from_one_scenario_to_the_next(self):
        alone = evaluate(scenario("b", 2, 3))[1]
        behind = evaluate(scenario("a", 9, 9) + "\n" + scenario("b", 2, 3))[1]
        self.assertEqual(behind[2:], alone)

    def test_a_bad_line_is_named_and_the_others_are_played(self):
        code, results, errors = evaluate("{\n" + scenario("a", 4) + "\n{\"hpa\": 5}\n\0\n")
        self.assertEqual(code, 2)
        self.assertEqual([r["name"] for r in results], ["a"])
        self.assertEqual(errors.splitlines(), [
            "swell-lab evaluate: standard input line 1: unexpected end of JSON input",
            "swell-lab evaluate: standard input line 3: hpa: must be an object",
            "swell-lab evaluate: standard input line 4: invalid character '\\x00' looking for "
            "beginning of value"])

    def test_files_are_named_and_a_missing_one_too(self):
        with tempfile.TemporaryDirectory() as folder:
            good, bad = os.path.join(folder, "good"), os.path.join(folder, "bad")
            for path, text in ((good, scenario("a", 4)), (bad, "\n[]\n")):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            code, out, errors = run("swell-lab", "evaluate", bad, "/nowhere", folder, good)
        self.assertEqual(code, 2)
        self.assertEqual(json.loads(out)["name"], "a")
        self.assertEqual(errors.splitlines(), [
            f"swell-lab evaluate: {bad} line 2: must be an object, not []",
            "swell-lab evaluate: '/nowhere': No such file or directory",
            f"swell-lab evaluate: {folder} line 1: Is a directory"])

    def test_the_record_comes_when_it_is_wanted(self):
        self.assertNotIn("record", evaluate(scenario("a", 4))[1][0])
        record = evaluate(scenario("a", 4), "--record")[1][0]["record"]
        self.assertIsInstance(record["sentence"], str)

    def test_why_explains_what_it_recorded(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "run")
            done = subprocess.run([os.path.join(BIN, "swell-lab"), "evaluate", "--record", "-"],
                                  input=scenario("a", 4), capture_output=True, text=True,
                                  timeout=DEADLINE_S, check=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(done.stdout)
            code, out, errors = run("swell-lab", "why", path)
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("4", out)

    def test_a_wrong_flag_starts_nothing(self):
        code, results, errors = evaluate(scenario("a", 4), "--records")
        self.assertEqual((code, results), (2, []))
        self.assertEqual(len(errors.splitlines()), 1)

    def test_an_output_that_is_full_is_a_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([os.path.join(BIN, "swell-lab"), "evaluate"], stdout=full,
                                  input=scenario("a", 4), stderr=subprocess.PIPE, text=True,
                                  timeout=DEADLINE_S, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left on device", done.stderr)


if __name__ == "__main__":
    unittest.main()
