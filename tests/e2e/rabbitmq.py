# SPDX-License-Identifier: MIT
"""swell-adapter reads the queues of a real RabbitMQ by its management API."""
import atexit
import base64
import json
import os
import signal
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

from program import wait_until
from test_adapter_sources import SourceTest as Sources, metric

START_S = 300  # Erlang starts slowly on a busy machine
CONFIGURATION = """
listeners.tcp.1 = {address}:5672
management.tcp.ip = {address}
management.tcp.port = 15672
loopback_users = none
collect_statistics_interval = 200
management.rates_mode = basic
"""


class RabbitMq(Sources):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        number = os.getpid() % 65536  # an address of its own, so that ports can be the usual ones
        cls.address = f"127.83.{number >> 8}.{number & 255}"

        def write(name, text):
            with open(os.path.join(folder.name, name), "w", encoding="utf-8") as file:
                file.write(text)
            return os.path.join(folder.name, name)
        environment = {
            **os.environ, "HOME": folder.name, "RABBITMQ_NODENAME": f"swell{number}@localhost",
            "RABBITMQ_MNESIA_BASE": os.path.join(folder.name, "mnesia"),
            "RABBITMQ_LOG_BASE": os.path.join(folder.name, "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": write("plugins", "[rabbitmq_management].\n"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": write("rabbitmq.conf",
                                          CONFIGURATION.format(address=cls.address)),
            "ERL_EPMD_ADDRESS": cls.address, "RABBITMQ_SERVER_START_ARGS":
            f"-kernel inet_dist_use_interface {{{cls.address.replace('.', ',')}}}"}
        server = subprocess.Popen(["/usr/lib/rabbitmq/bin/rabbitmq-server"], env=environment,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  start_new_session=True)

        def end():
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
            # Erlang's port mapper ends only after it has noticed that the node is gone.
            wait_until(lambda: "Killed" in subprocess.run(
                ["epmd", "-kill"], env=environment, capture_output=True, text=True).stdout,
                       "the port mapper has ended")
            folder.cleanup()
        atexit.register(end)  # unittest cleans up nothing after an interrupt
        wait_until(cls.is_there, "the management API answers", deadline_s=START_S)

    @classmethod
    def is_there(cls):
        try:
            return cls.rabbit("GET", "overview")
        except (OSError, urllib.error.URLError):
            return False

    @classmethod
    def rabbit(cls, method, path, body=None):
        request = urllib.request.Request(f"http://{cls.address}:15672/api/{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode())
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization",
                           "Basic " + base64.b64encode(b"guest:guest").decode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"true")

    def put(self, queue, count):
        for _ in range(count):
            self.rabbit("POST", "exchanges/%2F/amq.default/publish",
                        {"properties": {}, "routing_key": queue, "payload": "x",
                         "payload_encoding": "string"})

    def of(self, more, password="guest"):
        return (f'{{rabbitmq: {{url: "http://{self.address}:15672", timeout: 10s, '
                f"basic: {{username: guest, password: {{file: "
                f'{self.write(password, password)}}}}}, {more}}}}}')

    def test_modes_of_queues_and_what_is_none(self):
        for queue in ("orders", "order/2"):
            self.rabbit("PUT", "queues/%2F/" + urllib.parse.quote(queue, safe=""), {})
        p = self.adapter("externalMetrics:\n" +
                         metric("length", self.of("queue: orders")) +
                         metric("ready", self.of("queue: orders, excludeUnacknowledged: true")) +
                         metric("rate", self.of("queue: orders, mode: MessageRate")) +
                         metric("ratio", self.of("queue: orders, "
                                                 "mode: PublishedToDeliveredRatio")) +
                         metric("all", self.of("queueRegex: '^order'"), "  combine: sum\n") +
                         metric("slash", self.of("queue: order/2")) +
                         metric("missing", self.of("queue: letters")) +
                         metric("refused", self.of("queue: orders", password="wrong")))
        self.becomes(p, "length", "0")
        self.put("orders", 3)
        self.put("order/2", 2)
        for name, value in (("length", "3"), ("ready", "3"), ("all", "5"), ("slash", "2")):
            self.becomes(p, name, value)
        wait_until(lambda: self.values(p, "rate"), "a rate")
        self.says(p, "missing", f"RabbitMQ at {self.address}:15672 answers 404: it has no queue "
                  "'letters' in that vhost since ")
        self.says(p, "refused", "answers 401 since ")
        self.assertNotIn("wrong", "".join(p.lines))


if __name__ == "__main__":
    del Sources
    unittest.main()
