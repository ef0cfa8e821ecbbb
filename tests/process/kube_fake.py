# SPDX-License-Identifier: MIT
"""A server that answers as an API server does: lists and watches of objects that a test puts there,
what discovery says about them, and yes to everybody who asks who somebody is and what he may."""
import http.server
import json
import os
import threading
import urllib.parse

RESOURCES = {  # group/version -> (plural, kind, namespaced)
    "v1": [("pods", "Pod", True), ("namespaces", "Namespace", False), ("nodes", "Node", False),
           ("services", "Service", True), ("configmaps", "ConfigMap", True),
           ("persistentvolumes", "PersistentVolume", False)],
    "apps/v1": [("deployments", "Deployment", True)],
    "batch/v1": [("jobs", "Job", True)],
    "discovery.k8s.io/v1": [("endpointslices", "EndpointSlice", True)],
    "cheese.io/v1": [("brands", "Brand", True)],
}


def named(name, namespace=None, labels=None, **more):
    metadata = {"name": name, "labels": labels or {}, "resourceVersion": "1", "uid": name}
    if namespace:
        metadata["namespace"] = namespace
    return {"metadata": metadata, **more}


class FakeKube:
    def __init__(self):
        fake = self
        self.changed = threading.Condition()
        self.objects = {}  # "pods" -> list of objects
        self.events = []  # (plural, type, object)
        self.asked = []
        self.stopped = False

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                fake.get(self)

            def do_POST(self):
                fake.post(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that went away
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def kubeconfig(self, folder):
        path = os.path.join(folder, "kubeconfig")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "fake",
                       "clusters": [{"name": "fake", "cluster": {"server": self.url}}],
                       "users": [{"name": "fake", "user": {}}],
                       "contexts": [{"name": "fake",
                                     "context": {"cluster": "fake", "user": "fake"}}]}, file)
        return path

    def change(self, plural, what, value):
        """ADDED, MODIFIED or DELETED, told to whoever watches."""
        with self.changed:
            kept = [o for o in self.objects.get(plural, [])
                    if o["metadata"]["name"] != value["metadata"]["name"]]
            self.objects[plural] = kept + ([value] if what != "DELETED" else [])
            self.events.append((plural, what, value))
            self.changed.notify_all()

    def get(self, handler):
        url = urllib.parse.urlsplit(handler.path)
        query = urllib.parse.parse_qs(url.query)
        self.asked.append(handler.path)
        parts = url.path.strip("/").split("/")
        if url.path == "/api":
            return answer(handler, {"kind": "APIVersions", "versions": ["v1"]})
        if url.path == "/apis":
            return answer(handler, groups())
        version = "/".join(parts[1:2] if parts[0] == "api" else parts[1:3])
        rest = parts[2:] if parts[0] == "api" else parts[3:]
        if version in RESOURCES and not rest:
            return answer(handler, resources(version))
        if version not in RESOURCES:
            return answer(handler, status(404), 404)
        if query.get("watch"):
            return self.watch(handler, rest[-1])
        return self.list(handler, version, rest, query)

    def list(self, handler, version, rest, query):
        namespace = rest[1] if rest[0] == "namespaces" and len(rest) > 2 else None
        plural, name = (rest[2:] + [None])[:2] if namespace else (rest + [None])[:2]
        kind = next((k for p, k, _ in RESOURCES[version] if p == plural), None)
        found = [{"apiVersion": version, "kind": kind, **o} for o in self.objects.get(plural, [])
                 if namespace in (None, o["metadata"].get("namespace"))
                 and name in (None, o["metadata"]["name"])
                 and selected(query.get("labelSelector", [""])[0], o["metadata"]["labels"])
                 and field_selected(query.get("fieldSelector", [""])[0], o)]
        if name:
            return answer(handler, *((found[0],) if found else (status(404), 404)))
        answer(handler, {"kind": f"{kind}List", "apiVersion": version,
                         "metadata": {"resourceVersion": "1"}, "items": found})

    def watch(self, handler, plural):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        seen = 0
        try:
            while not self.stopped:
                with self.changed:
                    self.changed.wait_for(lambda: self.stopped or len(self.events) > seen, 1)
                    new, seen = self.events[seen:], len(self.events)
                for at, what, value in new:
                    if at == plural:
                        line = json.dumps({"type": what, "object": value}).encode() + b"\n"
                        handler.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                handler.wfile.flush()
        except OSError:
            pass  # whoever watched is gone
        handler.close_connection = True

    def post(self, handler):
        review = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        review["status"] = ({"allowed": True} if review["kind"] == "SubjectAccessReview" else
                            {"authenticated": True, "user": {"username": "somebody",
                                                             "groups": ["system:masters"]}})
        answer(handler, review, 201)

    def stop(self):
        with self.changed:
            self.stopped = True
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()


def selected(selector, labels):
    """Only equalities, which is what an HPA sends."""
    return all(labels.get(k) == v for k, v in
               (pair.split("=", 1) for pair in selector.split(",") if pair))


def field_selected(selector, value):
    """metadata.name=x or status.phase=x; what a test did not write is as asked for."""
    for pair in filter(None, selector.split(",")):
        path, wanted = pair.split("=", 1)
        for key in path.split("."):
            value = value.get(key, {})
        if value not in ({}, wanted):
            return False
    return True


def status(code):
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
            "reason": "NotFound", "message": "not found"}


def groups():
    names = [v.split("/") for v in RESOURCES if "/" in v]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
        {"name": g, "versions": [{"groupVersion": f"{g}/{v}", "version": v}],
         "preferredVersion": {"groupVersion": f"{g}/{v}", "version": v}} for g, v in names]}


def resources(version):
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [
        {"name": plural, "singularName": kind.lower(), "kind": kind, "namespaced": namespaced,
         "verbs": ["get", "list", "watch"]} for plural, kind, namespaced in RESOURCES[version]]}


def answer(handler, body, code=200):
    data = json.dumps(body).encode()
    handler.send_response(code)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)
