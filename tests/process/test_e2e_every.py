# SPDX-License-Identifier: MIT
"""./swell e2e without a name tells the truth of what it ran: CI believes it. Its tests and the ./swell
that starts them are stand-ins here, which do in an instant what real ones need half an hour for."""
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from program import DEADLINE_S, wait_until

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SWELL = """\
#!/bin/sh
exec sh "$(dirname "$0")/tests/e2e/$2.sh"
"""
PASSES = "exit 0"
# In the row of those that share the node: says when it runs together with another.
ALONE = """\
mkdir "$(dirname "$0")/node" || exit 1
sleep 0.1
rmdir "$(dirname "$0")/node"
"""
# What a shell starts in the background is deaf to interrupts.
DEAF = """\
sleep 1000 &
cd "$(dirname "$0")"; echo $! >pid.new; mv pid.new pid
wait
"""


def ended(pid):
    """Also while nobody has asked how."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def verdicts(found):
    return {name: verdict for name, (verdict, _) in found.items()}


class EndToEnd(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        os.makedirs(self.path(""))
        shutil.copy(os.path.join(ROOT, "tests/e2e/every.py"), self.path("every.py"))
        with open(os.path.join(self.folder, "swell"), "w", encoding="utf-8") as file:
            file.write(SWELL)
            os.chmod(file.fileno(), 0o755)

    def path(self, name):
        return os.path.join(self.folder, "tests", "e2e", name)

    def have(self, **tests):
        for name, script in tests.items():
            with open(self.path(f"{name}.sh"), "w", encoding="utf-8") as file:
                file.write(script)

    def start(self, *flags):
        every = subprocess.Popen(["/usr/bin/python3", self.path("every.py"), *flags],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True)
        self.addCleanup(every.communicate)
        self.addCleanup(every.terminate)
        return every

    def run_all(self, *flags):
        """(exit code, {name: (verdict, what else its line says)}, all that was printed)"""
        every = self.start(*flags)
        out, _ = every.communicate(timeout=DEADLINE_S)
        table = out.partition("==> e2e, all of it:\n")[2].replace("NOT RUN", "NOT_RUN")
        lines = [line.split() for line in table.splitlines()]
        found = {line[1] if line[0] == "NOT_RUN" else line[-1]: (line[0], " ".join(line[2:]))
                 for line in lines if line and line[0] in ("passed", "FAILED", "NOT_RUN")}
        return every.returncode, found, out

    def test_all_pass(self):
        self.have(cluster=PASSES, kafka=PASSES)
        code, found, out = self.run_all()
        self.assertEqual(code, 0, out)
        self.assertEqual(verdicts(found), {"cluster": "passed", "kafka": "passed"})
        self.assertNotIn("NOT TESTED HERE", out)

    def test_one_that_fails_fails_all_and_the_others_still_run(self):
        self.have(cluster="echo oh; exit 1", image=PASSES, kafka="kill -9 $$", nats=PASSES)
        code, found, out = self.run_all()
        self.assertEqual(code, 1, out)
        self.assertEqual(verdicts(found), {"cluster": "FAILED", "image": "passed",
                                           "kafka": "FAILED", "nats": "passed"})
        self.assertIn("cluster: oh\n", out)
        self.assertIn("./swell e2e: cluster, kafka failed\n", out)

    def test_one_that_cannot_run_says_why_and_is_no_failure(self):
        self.have(kafka='echo no Java >"$SWELL_WHY_NOT"; exit 77', nats=PASSES)
        code, found, out = self.run_all()
        self.assertEqual(code, 0, out)
        self.assertEqual(found["kafka"], ("NOT_RUN", "no Java"))
        self.assertEqual(out.count("NOT TESTED HERE"), 2)

    def test_what_is_left_out_or_late_is_named(self):
        self.have(kafka=PASSES, nats="exit 1")
        code, found, out = self.run_all("--within=0", "--without", "nats")
        self.assertEqual(code, 0, out)
        self.assertEqual(found, {"kafka": ("NOT_RUN", "no time was left"),
                                 "nats": ("NOT_RUN", "left out")})

    def test_those_that_need_the_node_wait_for_each_other(self):
        self.have(cluster=ALONE, image=ALONE, manifests=ALONE, series=ALONE)
        code, _, out = self.run_all()
        self.assertEqual(code, 0, out)

    def test_rows_run_side_by_side(self):
        meet = 'cd "$(dirname "$0")"; touch {0}; until [ -e {1} ]; do sleep 0.01; done'
        self.have(cluster=meet.format("a", "b"), kafka=meet.format("b", "a"))
        code, _, out = self.run_all()
        self.assertEqual(code, 0, out)

    def test_nothing_that_it_started_outlives_it(self):
        self.have(kafka=DEAF)
        every = self.start()
        wait_until(lambda: os.path.exists(self.path("pid")), "the test runs")
        with open(self.path("pid"), encoding="ascii") as file:
            pid = int(file.read())
        every.send_signal(signal.SIGTERM)
        self.assertEqual(every.wait(DEADLINE_S), 128 + signal.SIGTERM)
        wait_until(lambda: ended(pid), "what the test started has ended")


if __name__ == "__main__":
    unittest.main()
