# SPDX-License-Identifier: MIT
"""A real Kafka broker on an address of its own, for a class of tests."""
import os
import subprocess
import tempfile
import unittest

from program import wait_until

JARS = os.path.join(os.environ["SWELL_KAFKA_JARS"], "*")
CLUSTER_ID = "c3dlbGwtc3dlbGwtc3dlbA"  # 16 bytes in base64, as its storage tool wants
PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{address}:9093
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{address}:9092,CONTROLLER://{address}:9093
advertised.listeners=PLAINTEXT://{address}:9092
log.dirs={folder}/logs
num.partitions=4
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""


class WithKafka(unittest.TestCase):
    properties = PROPERTIES
    storage_flags = ()

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        number = os.getpid() % 65536  # an address of its own, so that ports can be the usual ones
        cls.address = f"127.86.{number >> 8}.{number & 255}"
        cls.prepare(folder.name)
        properties = os.path.join(folder.name, "server.properties")
        with open(properties, "w", encoding="utf-8") as file:
            file.write(cls.properties.format(address=cls.address, folder=folder.name))
        java = ["java", "-Xmx512m", "-cp", JARS]
        subprocess.run([*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c",
                        properties, *cls.storage_flags], check=True, stdout=subprocess.DEVNULL)
        broker = subprocess.Popen([*java, "kafka.Kafka", properties], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL)
        cls.addClassCleanup(broker.wait)
        cls.addClassCleanup(broker.kill)
        wait_until(lambda: cls.kcat("-L", check=False).returncode == 0, "the broker answers",
                   deadline_s=300)  # Java starts slowly on a busy machine

    @classmethod
    def prepare(cls, folder):
        """Before the broker starts."""

    @classmethod
    def kcat(cls, *flags, check=True, text=None):
        return subprocess.run(["kcat", "-b", f"{cls.address}:9092", "-m", "5", *flags],
                              capture_output=True, text=True, check=check, input=text)

    def put(self, topic, jobs, *flags):
        self.kcat("-P", "-t", topic, *flags, text="\n".join(jobs) + "\n")
