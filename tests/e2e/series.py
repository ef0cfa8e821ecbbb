# SPDX-License-Identifier: MIT
"""The lab's series about objects are those that kube-state-metrics makes of the same objects."""
import json
import os
import re
import unittest
import urllib.error
import urllib.request

from cluster.controlplane import ControlPlane
from program import Program, wait_until
from state_metrics import StateMetrics

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NAMESPACE = "swell"
LISTS = ("/apis/apps/v1/deployments", "/apis/autoscaling/v2/horizontalpodautoscalers",
         "/api/v1/pods")
NOT_IN_THE_LAB = {"uid", "node"}  # labels that the lab leaves out
NOT_LIMITED_THERE = ("resource", "ephemeral_storage")
LINE = re.compile(r"^(kube_\w+)\{(.*)\} (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def series(text):
    """{(name, labels): value} of the series about objects in an exposition."""
    return {(name, tuple(sorted(label for label in LABEL.findall(labels)
                                if label[0] not in NOT_IN_THE_LAB))): float(value)
            for name, labels, value in LINE.findall(text)}


def snapshot(lab):
    """(objects, their series), between which nothing changed."""
    before = series(lab.get("/metrics")[2])
    objects = [{**o, "apiVersion": answer["apiVersion"], "kind": answer["kind"].removesuffix("List")}
               for answer in map(lab.json, LISTS) for o in answer["items"]]
    return (objects, before) if series(lab.get("/metrics")[2]) == before else None


def demo():
    """The demo as it is when an autoscaler has read and decided something."""
    with Program("swell-lab", "up", "-f", os.path.join(ROOT, "manifests/base/demo"), "--port=0",
                 "--speed=15") as lab:
        lab.wait_for_line('msg="New size: ')
        return wait_until(lambda: snapshot(lab), "a moment in which nothing changes")


def put(plane, objects):
    """The same objects, with their status, on a real API server."""
    plane.kubectl("create", "namespace", NAMESPACE)
    plane.kubectl("create", "serviceaccount", "default", "-n", NAMESPACE)
    for o in objects:
        o["metadata"] = {k: v for k, v in o["metadata"].items() if k in ("name", "namespace", "labels")}
        for address in ("podIP", "hostIP"):
            o["status"].pop(address, None)
        for container in o["status"].get("containerStatuses", ()):
            container.setdefault("imageID", "")  # the lab has none
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    plane.kubectl("create", "-f", "-", stdin=text)
    plane.kubectl("replace", "--subresource=status", "-f", "-", stdin=text)


def series_at(url):
    try:
        with urllib.request.urlopen(url) as answer:
            return series(answer.read().decode())
    except urllib.error.URLError:  # it starts
        return {}


class Series(unittest.TestCase):
    def test_the_lab_says_of_its_objects_what_kube_state_metrics_says(self):
        objects, ours = demo()
        names = {name for name, _ in ours}
        with ControlPlane(controllers=None) as plane:
            put(plane, objects)
            with StateMetrics(plane.path("admin.conf"), [NAMESPACE], plane.folder) as real:
                def theirs():
                    return {key: value for key, value in series_at(real.url).items()
                            if key[0] in names and NOT_LIMITED_THERE not in key[1]}
                wait_until(lambda: len(theirs()) >= len(ours), "kube-state-metrics has seen all")
                self.maxDiff = None
                self.assertEqual(ours, theirs())
        self.assertGreater(len(names), 12)


if __name__ == "__main__":
    unittest.main()
