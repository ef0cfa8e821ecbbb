# SPDX-License-Identifier: MIT
"""The whole cluster by its command line: it works, and it leaves nothing behind. Root."""
import glob
import os
import signal
import subprocess
import sys
import unittest

from . import build, inside, processes, settings, wait
from .access import Access

SAYS_S = 1800  # for a command: the first start on a machine builds


def cluster(*command):
    """(exit code, what it printed)."""
    done = subprocess.run([sys.executable, "-m", "cluster", *command], text=True, timeout=SAYS_S,
                          cwd=os.path.dirname(settings.HERE), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def machine():
    """All that a cluster could leave on it."""
    return {"mounts": sorted(read("/proc/self/mounts").splitlines()),
            "interfaces": sorted(os.listdir("/sys/class/net")),
            "control groups": glob.glob(f"/sys/fs/cgroup/**/{settings.CGROUP}", recursive=True),
            "state": os.path.exists(settings.STATE),
            "settings": {name: read(f"/proc/sys/{name}") for name in inside.MACHINE_SETTINGS}}


class WholeCluster(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.before = machine()
        code, said = cluster("up", "--quick")
        self.assertEqual(code, 0, said)
        self.addCleanup(cluster, "down")
        self.namespace = processes.namespace_of(Access.load().init)
        self.supervisor = int(read(settings.LOCK))

    def wait_for_its_end(self):
        wait.until(lambda: not processes.in_namespace(self.namespace), "the end of every process")
        wait.until(lambda: not os.path.exists(f"/proc/{self.supervisor}"), "the supervisor's end")

    def assert_nothing_is_left(self):
        self.wait_for_its_end()
        self.assertEqual(machine(), self.before)

    def test_it_measures_pods_refuses_a_second_one_and_leaves_nothing(self):
        code, said = cluster("kubectl", "top", "pods", "--all-namespaces")
        self.assertEqual(code, 0, said)
        self.assertIn("coredns", said)
        code, said = cluster("status")
        for part in {"containerd", *build.NODE} - {"kubectl"}:
            self.assertRegex(said, rf"(?m)^{part} +\d+ +\d+\.\d MiB +\d+\.\d s +\d+\.\d s$")
        code, said = cluster("up")
        self.assertEqual(code, 1)
        self.assertIn("a cluster is up already", said)
        code, said = cluster("down")
        self.assertEqual(code, 0, said)
        self.assert_nothing_is_left()
        code, said = cluster("kubectl", "get", "nodes")
        self.assertEqual((code, "no cluster is up" in said), (1, True), said)

    def test_all_of_it_ends_when_its_supervisor_is_killed(self):
        os.kill(self.supervisor, signal.SIGKILL)
        self.wait_for_its_end()
        code, said = cluster("down")
        self.assertEqual(code, 0, said)
        self.assert_nothing_is_left()

    def test_the_death_of_a_daemon_ends_it_and_is_told(self):
        running = processes.in_namespace(self.namespace).items()
        etcd, = (pid for pid, name in running if name == "etcd")
        os.kill(etcd, signal.SIGKILL)
        self.wait_for_its_end()
        self.assertIn("etcd ended", read(os.path.join(settings.CACHE, "supervisor.log")))
        cluster("down")
        self.assert_nothing_is_left()


if __name__ == "__main__":
    unittest.main()
