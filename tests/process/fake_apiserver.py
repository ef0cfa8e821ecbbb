# SPDX-License-Identifier: MIT
"""A stand-in for a kube-apiserver: as much of it as the adapter talks to, over real TLS. Nothing here is
proof of how Kubernetes behaves: tests/e2e/adapter.py runs the same against the real one."""
import http.server
import json
import os
import queue
import ssl
import threading
import urllib.parse

from program import DEADLINE_S

CONFIG_MAP = ("configmaps", "extension-apiserver-authentication")
ADAPTER_TOKEN = "the-adapters-own-token"


def status(code, message):
    return code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
                  "message": message}


class FakeApiServer:
    """objects: by (resource, name), as they are stored. tokens: to user infos. readers: users and
    groups that may read external metrics."""

    def __init__(self, folder, authority, config_map):
        self.lock = threading.Condition()
        self.objects, self.watchers, self.version = {}, [], 1
        self.tokens, self.readers = {}, {"alice", "viewers"}
        self.reviews = []  # every spec that was asked about
        self.held = False  # reviews wait
        self.gone = False
        self.folder, self.authority = folder, authority
        if config_map:
            self.put(CONFIG_MAP, {"data": config_map})
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.serve(fake.get)

            def do_POST(self):
                self.serve(fake.change)

            def serve(self, how):
                if fake.gone:
                    self.close_connection = True
                else:
                    how(self)

            do_PATCH = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue("apiserver", "/CN=apiserver", usage="serverAuth"))
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def kubeconfig(self):
        path = os.path.join(self.folder, "kubeconfig")
        with open(path, "w", encoding="ascii") as file:
            json.dump({"current-context": "c", "clusters": [{"name": "k", "cluster": {
                "server": f"https://localhost:{self.port}",
                "certificate-authority": self.authority.certificate}}],
                "users": [{"name": "u", "user": {"token": ADAPTER_TOKEN}}],
                "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u",
                                                       "namespace": "swell-system"}}]}, file)
        return path

    def stop(self):
        """From now on connections are refused, and those that are there end."""
        self.hold(False)
        self.gone = True
        self.server.shutdown()
        self.server.server_close()
        with self.lock:
            for _, events in self.watchers:
                events.put(None)

    def hold(self, held):
        with self.lock:
            self.held = held
            self.lock.notify_all()

    def count(self, kind):
        with self.lock:
            return sum(1 for its_kind, _ in self.reviews if its_kind == kind)

    def put(self, key, new):
        """Stores an object, as kubectl would, and tells who watches."""
        with self.lock:
            self.version += 1
            kind = "MODIFIED" if key in self.objects else "ADDED"
            self.objects[key] = {**new, "metadata": {"name": key[1],
                                                     "resourceVersion": str(self.version)}}
            for its_key, events in self.watchers:
                if its_key == key:
                    events.put({"type": kind, "object": self.objects[key]})
            return self.objects[key]

    # ---- answers ----

    def answer(self, handler, code, body):
        text = json.dumps(body).encode()
        try:
            handler.send_response(code)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(text)))
            handler.end_headers()
            handler.wfile.write(text)
        except OSError:
            pass  # the adapter has ended

    def get(self, handler):
        if handler.headers["Authorization"] != f"Bearer {ADAPTER_TOKEN}":
            return self.answer(handler, *status(401, "who are you?"))
        url = urllib.parse.urlsplit(handler.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if "fieldSelector" not in query:
            return self.answer(handler, *status(404, "not found"))
        key = (url.path.rsplit("/", 1)[1], query["fieldSelector"].partition("=")[2])
        if query.get("watch") == "true":
            return self.watch(handler, key, int(query["resourceVersion"]))
        with self.lock:
            items = [self.objects[key]] if key in self.objects else []
            body = {"kind": "List", "metadata": {"resourceVersion": str(self.version)}, "items": items}
        return self.answer(handler, 200, body)

    def watch(self, handler, key, since):
        events = queue.Queue()
        with self.lock:
            self.watchers.append((key, events))
            known = self.objects.get(key)
            if known and int(known["metadata"]["resourceVersion"]) > since:
                events.put({"type": "MODIFIED", "object": known})
        handler.close_connection = True
        try:
            handler.send_response(200)
            handler.end_headers()
            while (event := events.get()) is not None:
                handler.wfile.write(json.dumps(event).encode() + b"\n")
        except OSError:
            pass
        with self.lock:
            self.watchers.remove((key, events))

    def change(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        resource = handler.path.rsplit("/", 1)[1]
        if handler.headers["Authorization"] != f"Bearer {ADAPTER_TOKEN}":
            return self.answer(handler, *status(401, "who are you?"))
        if resource in ("tokenreviews", "subjectaccessreviews"):
            return self.answer(handler, 201, {**body, "status": self.review(body)})
        with self.lock:
            key = ("secrets", body["metadata"]["name"])
            known = self.objects.get(key, {"metadata": {}})["metadata"].get("resourceVersion")
            if known != body["metadata"].get("resourceVersion"):
                return self.answer(handler, *status(409, "it is there, or has changed"))
            return self.answer(handler, 201, self.put(key, {"data": body["data"]}))

    def review(self, body):
        with self.lock:
            self.reviews.append((body["kind"], body["spec"]))
            self.lock.notify_all()
            self.lock.wait_for(lambda: not self.held, DEADLINE_S)
            if body["kind"] == "TokenReview":
                user = self.tokens.get(body["spec"]["token"])
                return {"authenticated": True, "user": user} if user else {"authenticated": False}
            spec = body["spec"]
            reads = spec.get("resourceAttributes", {}).get("verb") == "list"
            return {"allowed": reads and bool({spec["user"], *spec["groups"]} & self.readers)}
