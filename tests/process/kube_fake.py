# SPDX-License-Identifier: MIT
"""A server that answers as an API server does: lists, watches and changes of objects, what discovery
says about them, and reviews of tokens and accesses. Over plain HTTP where nobody has to prove who they
are, or over TLS with a token. Nothing here is proof of how Kubernetes behaves: tests/e2e/adapter.py
runs against the real one."""
import http.server
import json
import os
import ssl
import threading
import urllib.parse

from program import DEADLINE_S

RESOURCES = {  # group/version -> (plural, kind, namespaced)
    "v1": [("pods", "Pod", True), ("namespaces", "Namespace", False), ("nodes", "Node", False),
           ("services", "Service", True), ("configmaps", "ConfigMap", True),
           ("secrets", "Secret", True), ("persistentvolumes", "PersistentVolume", False)],
    "apps/v1": [("deployments", "Deployment", True)],
    "batch/v1": [("jobs", "Job", True)],
    "discovery.k8s.io/v1": [("endpointslices", "EndpointSlice", True)],
    "cheese.io/v1": [("brands", "Brand", True)],
}
TOKEN = "the-adapters-own-token"  # asked for over TLS only: none may go over plain HTTP
NAMESPACE = "swell-system"  # of the kubeconfig's context
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
MASTER = {"username": "somebody", "groups": ["system:masters"]}


def named(name, namespace=None, labels=None, **more):
    metadata = {"name": name, "labels": labels or {}, "resourceVersion": "1", "uid": name}
    if namespace:
        metadata["namespace"] = namespace
    return {"metadata": metadata, **more}


class FakeKube:
    """objects: by plural, lists that a test may set before anybody asks, and changes with put and
    remove. tokens: to what a TokenReview says of their users; None: each is a master's. readers: users
    and groups that may list what is in an API group; None: everybody may everything."""

    def __init__(self, authority=None, tokens=None, readers=None):
        """authority: issues the server's certificate (identities.Authority); None: plain HTTP."""
        self.changed = threading.Condition()
        self.objects, self.resources = {}, dict(RESOURCES)
        self.tokens, self.readers = tokens, readers
        self.version = 1
        self.events = []  # (version, plural, type, object)
        self.asked = []  # paths
        self.reviews = []  # (kind, spec)
        self.held = self.stopped = False
        self.authority = authority
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a client that went away
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if authority:
            self.url = f"https://localhost:{self.port}"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*authority.issue("apiserver", "/CN=apiserver", usage="serverAuth"))
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def kubeconfig(self, folder):
        path = os.path.join(folder, "kubeconfig")
        cluster, user = {"server": self.url}, {}
        if self.authority:
            cluster["certificate-authority"] = self.authority.certificate
            user["token"] = TOKEN
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "fake",
                       "clusters": [{"name": "fake", "cluster": cluster}],
                       "users": [{"name": "fake", "user": user}],
                       "contexts": [{"name": "fake", "context": {
                           "cluster": "fake", "user": "fake", "namespace": NAMESPACE}}]}, file)
        return path

    def stop(self):
        """From now on connections are refused, and those that are there end."""
        with self.changed:
            self.stopped, self.held = True, False
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()

    # ---- what a test does ----

    def find(self, plural, name):
        return next((o for o in self.objects.get(plural, []) if o["metadata"]["name"] == name), None)

    def put(self, plural, value):
        """Stores an object, as kubectl would, and tells whoever watches."""
        with self.changed:
            known = self.find(plural, value["metadata"]["name"])
            self.version += 1
            value = {**value, "metadata": {**value["metadata"], "resourceVersion": str(self.version)}}
            self.objects[plural] = [o for o in self.objects.get(plural, []) if o is not known] + [value]
            self.tell(plural, "MODIFIED" if known else "ADDED", value)
            return value

    def remove(self, plural, name):
        with self.changed:
            known = self.find(plural, name)
            self.version += 1
            self.objects[plural].remove(known)
            self.tell(plural, "DELETED", known)

    def tell(self, plural, what, value):
        self.events.append((self.version, plural, what, value))
        self.changed.notify_all()

    def hold(self, held):
        """While held, reviews wait."""
        with self.changed:
            self.held = held
            self.changed.notify_all()

    def count(self, kind):
        """How many reviews of that kind were asked for."""
        with self.changed:
            return sum(1 for its_kind, _ in self.reviews if its_kind == kind)

    # ---- answers ----

    def get(self, handler):
        url = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.asked.append(handler.path)
        parts = url.path.strip("/").split("/")
        if url.path in ("/api", "/apis"):
            return self.discover(handler, url.path)
        version = "/".join(parts[1:2] if parts[0] == "api" else parts[1:3])
        rest = parts[2:] if parts[0] == "api" else parts[3:]
        if version not in self.resources:
            return answer(handler, *status(404, "not found"))
        if not rest:
            return answer(handler, self.resources_of(version))
        namespace = rest[1] if rest[0] == "namespaces" and len(rest) > 2 else None
        plural, name = ((rest[2:] if namespace else rest) + [None])[:2]

        def wanted(value):
            metadata = value["metadata"]
            return (namespace in (None, metadata.get("namespace")) and name in (None, metadata["name"])
                    and selected(query.get("labelSelector", ""), metadata.get("labels", {}))
                    and field_selected(query.get("fieldSelector", ""), value))

        if query.get("watch"):
            return self.watch(handler, plural, wanted, int(query["resourceVersion"]))
        return self.list(handler, version, plural, name, wanted)

    def list(self, handler, version, plural, name, wanted):
        kind = next((k for p, k, _ in self.resources[version] if p == plural), None)
        with self.changed:
            found = [{"apiVersion": version, "kind": kind, **o} for o in self.objects.get(plural, [])
                     if wanted(o)]
            at = str(self.version)
        if name:
            return answer(handler, *((found[0],) if found else status(404, "not found")))
        answer(handler, {"kind": f"{kind}List", "apiVersion": version,
                         "metadata": {"resourceVersion": at}, "items": found})

    def watch(self, handler, plural, wanted, since):
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.close_connection = True
        try:
            while not self.stopped:
                with self.changed:
                    self.changed.wait_for(lambda: self.stopped or self.version > since, 1)
                    new = [e for e in self.events if e[0] > since]
                    since = self.version
                for _, at, what, value in new:
                    if at == plural and wanted(value):
                        line = json.dumps({"type": what, "object": value}).encode() + b"\n"
                        handler.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                handler.wfile.flush()
        except OSError:
            pass  # whoever watched is gone

    def change(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        if body.get("kind") in ("TokenReview", "SubjectAccessReview"):
            return answer(handler, {**body, "status": self.review(body["kind"], body["spec"])}, 201)
        plural = "secrets"
        with self.changed:
            known = self.find(plural, body["metadata"]["name"]) or {"metadata": {}}
            if known["metadata"].get("resourceVersion") != body["metadata"].get("resourceVersion"):
                return answer(handler, *status(409, "it is there, or has changed"))
            return answer(handler, self.put(plural, body), 201)

    def review(self, kind, spec):
        with self.changed:
            self.reviews.append((kind, spec))
            self.changed.notify_all()
            self.changed.wait_for(lambda: not self.held, DEADLINE_S)
        if kind == "TokenReview":
            user = MASTER if self.tokens is None else self.tokens.get(spec["token"])
            return {"authenticated": True, "user": user} if user else {"authenticated": False}
        reads = spec.get("resourceAttributes", {}).get("verb") == "list"
        return {"allowed": self.readers is None
                or reads and bool({spec["user"], *spec["groups"]} & self.readers)}

    # ---- discovery ----

    def discover(self, handler, path):
        """Everything in one answer to who understands it, else the names of versions or groups."""
        if AGGREGATED.replace(" ", "") in handler.headers.get("Accept", "").replace(" ", ""):
            items = [self.group_of(v) for v in self.resources if ("/" in v) == (path == "/apis")]
            return answer(handler, {"kind": "APIGroupDiscoveryList", "metadata": {}, "items": items,
                                    "apiVersion": "apidiscovery.k8s.io/v2"}, content_type=AGGREGATED)
        answer(handler, self.groups() if path == "/apis" else
               {"kind": "APIVersions", "versions": ["v1"]})

    def group_of(self, version):
        group, _, name = version.rpartition("/")
        return {"metadata": {"name": group}, "versions": [
            {"version": name, "freshness": "Current", "resources": [
                {"resource": plural, "singularResource": kind.lower(),
                 "scope": "Namespaced" if namespaced else "Cluster",
                 "responseKind": {"group": group, "version": name, "kind": kind},
                 "verbs": ["get", "list", "watch"]}
                for plural, kind, namespaced in self.resources[version]]}]}

    def groups(self):
        names = [v.split("/") for v in self.resources if "/" in v]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
            {"name": g, "versions": [{"groupVersion": f"{g}/{v}", "version": v}],
             "preferredVersion": {"groupVersion": f"{g}/{v}", "version": v}} for g, v in names]}

    def resources_of(self, version):
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [
            {"name": plural, "singularName": kind.lower(), "kind": kind, "namespaced": namespaced,
             "verbs": ["get", "list", "watch"]} for plural, kind, namespaced in self.resources[version]]}


def handler_of(fake):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.serve(fake.get)

        def do_POST(self):
            self.serve(fake.change)

        do_PATCH = do_POST

        def serve(self, how):
            if fake.stopped:
                self.close_connection = True
            elif fake.authority and self.headers["Authorization"] != f"Bearer {TOKEN}":
                self.close_connection = True
                answer(self, *status(401, "who are you?"))
            else:
                how(self)

        def log_message(self, *_):
            pass

    return Handler


def selected(selector, labels):
    """Only equalities, which is what an HPA sends."""
    return all(labels.get(k) == v for k, v in
               (pair.split("=", 1) for pair in selector.split(",") if pair))


def field_selected(selector, value):
    """metadata.name=x or status.phase=x; what a test did not write is as asked for."""
    for pair in filter(None, selector.split(",")):
        path, wanted = pair.split("=", 1)
        found = value
        for key in path.split("."):
            found = found.get(key, {})
        if found not in ({}, wanted):
            return False
    return True


def status(code, message):
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
            "message": message}, code


def answer(handler, body, code=200, content_type="application/json"):
    data = json.dumps(body).encode()
    try:
        handler.send_response(code)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)
    except OSError:
        pass  # whoever asked has ended
