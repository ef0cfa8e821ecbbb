# SPDX-License-Identifier: MIT
"""A Prometheus that has its answer ready: it must not be what a bench measures. It notes when it is asked
what; and it can fail, in as many ways as sources do."""
import asyncio
import collections
import json
import threading
import time
import urllib.parse

VALUE = "120"
SERIES_LABELS = {"namespace": "default"}


def answer(data):
    body = json.dumps({"status": "success", "data": data}).encode()
    return http(200, body)


def http(status, body):
    return (f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def fail_with(data):
    return lambda connection: connection.write(data)


FAILURES = {  # what happens to a query; None: nothing at all
    "status": fail_with(http(500, b"{}")),
    "garbage": fail_with(http(200, b"<html>not what you look for</html>")),
    "empty": fail_with(answer({"resultType": "vector", "result": []})),
    "cut": lambda connection: connection.close(),
    "hang": None,
}


class Connection(asyncio.Protocol):
    def __init__(self, prometheus):
        self.prometheus, self.received = prometheus, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, rest = self.received.partition(b"\r\n\r\n")
            self.received = rest
            self.prometheus.serve(self.transport, head.split(b" ", 2)[1].decode())


class InstantPrometheus:
    """names are its series. fails: None, or one of FAILURES; may be changed at any time. queries: when
    each was asked, by time.monotonic."""

    def __init__(self, names=(), fails=None):
        self.fails, self.queries = fails, collections.defaultdict(list)
        self.series = answer([{"__name__": name, **SERIES_LABELS} for name in names])
        self.listening = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self.run()), daemon=True).start()
        self.listening.wait()

    async def run(self):
        server = await asyncio.get_running_loop().create_server(lambda: Connection(self),
                                                                "127.0.0.1", 0)
        self.url = "http://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
        self.listening.set()
        await server.serve_forever()

    def serve(self, connection, target):
        path, _, query = target.partition("?")
        if path.endswith("/series"):
            connection.write(self.series)
            return
        self.queries[urllib.parse.parse_qs(query)["query"][0]].append(time.monotonic())
        if not self.fails:
            connection.write(answer({"resultType": "vector", "result": [
                {"metric": {}, "value": [round(time.time(), 3), VALUE]}]}))
        elif FAILURES[self.fails]:
            FAILURES[self.fails](connection)
