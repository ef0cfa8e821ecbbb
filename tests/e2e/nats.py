# SPDX-License-Identifier: MIT
"""swell-adapter reads JetStream consumers of real NATS servers by their monitoring endpoint."""
import json
import os
import socket
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from program import DEADLINE_S, wait_until
from test_adapter_sources import SourceTest, metric

ACK_WAIT_S = 1  # after which a message that was not acknowledged is given out again
PORT, CLUSTER_PORT, MONITOR_PORT = 4222, 6222, 8222


class Client:
    """The few words of NATS' protocol that tests need, over one connection."""

    INBOX = "_INBOX.test"

    def __init__(self, address):
        self.socket = socket.create_connection((address, PORT), timeout=DEADLINE_S)
        self.file = self.socket.makefile("rb")
        self.file.readline()  # INFO
        self.send('CONNECT {"verbose":false,"headers":true,"no_responders":true}',
                  f"SUB {self.INBOX} 1")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def publish(self, subject, text="", reply=""):
        self.send(f"PUB {subject} {reply} {len(text)}", text)

    def receive(self):
        """(subject to reply to, bytes) of the next message."""
        while True:
            words = self.file.readline().decode().split()
            if words[:1] == ["PING"]:
                self.send("PONG")
            elif words[:1] in (["MSG"], ["HMSG"]):
                sizes = [int(w) for w in words[3:] if w.isdigit()]
                body = self.file.read(sizes[-1] + 2)[:-2]
                headers = sizes[0] if words[0] == "HMSG" else 0
                reply = next((w for w in words[3:] if not w.isdigit()), None)
                return reply, body[headers:]
            elif words[:1] == ["-ERR"] or not words:
                raise AssertionError(f"the server says {words}")

    def ask(self, subject, **body):
        """JetStream's API."""
        self.publish("$JS.API." + subject, json.dumps(body), self.INBOX)
        answer = json.loads(self.receive()[1] or b'{"error": "nobody is there"}')
        if "error" in answer:
            raise AssertionError(f"{subject}: {answer['error']}")
        return answer

    def put(self, subject, count):
        for _ in range(count):
            self.publish(subject, "x", self.INBOX)
            if b'"error"' in self.receive()[1]:
                raise AssertionError("a message was not stored")

    def take(self, consumer, count):
        """How messages are acknowledged, and how often each was given out."""
        self.publish(f"$JS.API.CONSUMER.MSG.NEXT.ORDERS.{consumer}",
                     json.dumps({"batch": count, "expires": int(DEADLINE_S * 1e9)}), self.INBOX)
        replies = [self.receive()[0] for _ in range(count)]
        return replies, [int(reply.split(".")[4]) for reply in replies]

    def acknowledge(self, replies):
        for reply in replies:
            self.publish(reply, "+ACK")


class Server:
    """At an address of its own, so that its ports can be the usual ones."""

    started = 0  # in this process

    def __init__(self, test):
        number = os.getpid() % 65536
        self.address = f"127.{60 + Server.started % 20}.{number >> 8}.{number & 255}"
        Server.started += 1
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.command = [os.environ["SWELL_NATS_SERVER"], "--addr", self.address, "--port", str(PORT),
                        "--http_port", str(MONITOR_PORT), "--jetstream", "--store_dir", folder.name]
        self.process = None
        test.addCleanup(self.stop)

    def start(self, *flags):
        self.process = subprocess.Popen([*self.command, *flags], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def monitor(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.address}:{MONITOR_PORT}{path}",
                                        timeout=DEADLINE_S) as answer:
                return json.load(answer)
        except (OSError, urllib.error.URLError):
            return None

    def is_there(self):
        return self.monitor("/healthz")

    def client(self, test):
        client = Client(self.address)
        test.addCleanup(client.close)
        return client


def make_consumer(client, replicas=1):
    """A stream that takes orders.*, and a durable consumer of it."""
    client.ask("STREAM.CREATE.ORDERS", name="ORDERS", subjects=["orders.*"], storage="file",
               num_replicas=replicas)
    client.ask("CONSUMER.CREATE.ORDERS.workers", stream_name="ORDERS",
               config={"durable_name": "workers", "ack_policy": "explicit",
                       "ack_wait": int(ACK_WAIT_S * 1e9), "num_replicas": replicas})


class JetStream(SourceTest):
    def of(self, server, consumer="workers", stream="ORDERS", account="$G"):
        return (f'{{nats: {{url: "http://{server.address}:{MONITOR_PORT}", timeout: 10s, '
                f"account: {account}, stream: {stream}, consumer: {consumer}}}}}")

    def test_what_waits_and_what_is_worked_on_count(self):
        server = Server(self)
        server.start()
        wait_until(server.is_there, "nats-server answers")
        client = server.client(self)
        make_consumer(client)
        p = self.adapter("externalMetrics:\n" + metric("lag", self.of(server)) +
                         metric("nobody", self.of(server, consumer="nobody")) +
                         metric("nostream", self.of(server, stream="OTHER")) +
                         metric("noaccount", self.of(server, account="OTHER")))
        self.becomes(p, "lag", "0")
        self.says(p, "nobody", "has no consumer 'nobody' of stream 'ORDERS' since ")
        self.says(p, "nostream", "has no stream 'OTHER' in account '$G' since ")
        self.says(p, "noaccount", "has no account 'OTHER' with streams since ")

        client.put("orders.new", 5)
        self.becomes(p, "lag", "5")
        replies, _ = client.take("workers", 2)
        client.acknowledge(replies[:1])  # three wait, one is worked on
        self.becomes(p, "lag", "4")

        _, deliveries = client.take("workers", 4)
        self.assertEqual(sorted(deliveries), [1, 1, 1, 2])  # one is given out again
        self.becomes(p, "lag", "4")
        replies, deliveries = client.take("workers", 4)  # all of them again
        self.assertNotIn(1, deliveries)
        client.acknowledge(replies)
        self.becomes(p, "lag", "0")

        client.put("orders.new", 3)
        self.becomes(p, "lag", "3")
        server.stop()
        wait_until(lambda: self.polls(p, "unreachable") >= 1, "polls that fail")
        self.assertEqual(self.values(p, "lag"), {"{}": "3"})  # held
        server.start()
        wait_until(server.is_there, "nats-server answers again")
        server.client(self).put("orders.new", 1)
        self.becomes(p, "lag", "4")

    def test_in_a_cluster_the_consumers_leader_is_found(self):
        servers = [Server(self) for _ in range(3)]
        routes = ",".join(f"nats://{s.address}:{CLUSTER_PORT}" for s in servers)
        for i, server in enumerate(servers):
            server.start("--name", f"n{i}", "--cluster_name", "c", "--routes", routes,
                         "--cluster", f"nats://{server.address}:{CLUSTER_PORT}")
        wait_until(lambda: all(s.is_there() for s in servers), "the servers answer")
        wait_until(lambda: (servers[0].monitor("/jsz") or {}).get("meta_cluster", {}).get("leader"),
                   "they have a leader")
        client = servers[0].client(self)
        make_consumer(client, replicas=3)
        client.put("orders.new", 7)
        client.take("workers", 2)
        # Whichever of them is asked first.
        p = self.adapter("externalMetrics:\n" + "".join(
            metric(f"lag{i}", self.of(s)) for i, s in enumerate(servers)))
        for i in range(len(servers)):
            self.becomes(p, f"lag{i}", "7")


if __name__ == "__main__":
    unittest.main()
