# SPDX-License-Identifier: MIT
"""The API server of a control plane asked by its administrator over one connection: a kubectl for
each question costs more than what is tested. One thread."""
import http.client
import json
import ssl

from program import DEADLINE_S

MERGE = "application/merge-patch+json"


class KubeApi:
    def __init__(self, plane):
        context = ssl.create_default_context(cafile=plane.path("ca.crt"))
        context.load_cert_chain(plane.path("admin.crt"), plane.path("admin.key"))
        self.connection = http.client.HTTPSConnection("127.0.0.1", plane.port, context=context,
                                                      timeout=DEADLINE_S)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def request(self, *question):
        """(status, text) of method, path, body and its kind."""
        try:
            return self.ask(*question)
        except (ConnectionError, ssl.SSLEOFError):  # it ends a connection that was idle for 90 s
            self.connection.close()
            return self.ask(*question)

    def ask(self, method, path, body=None, kind="application/json"):
        self.connection.request(method, path, None if body is None else json.dumps(body),
                                {"Content-Type": kind})
        answer = self.connection.getresponse()
        return answer.status, answer.read().decode()

    def __call__(self, method, path, body=None, kind="application/json"):
        """The object that is answered; an AssertionError with what is said against it."""
        status, text = self.request(method, path, body, kind)
        if status >= 300:
            raise AssertionError(f"{method} {path} answers {status}: {text}")
        return json.loads(text)

    def get(self, path):
        return self("GET", path)

    def create(self, path, body):
        return self("POST", path, body)

    def patch(self, path, body):
        return self("PATCH", path, body, MERGE)

    def delete(self, path):
        return self("DELETE", path)
