# SPDX-License-Identifier: MIT
"""swell-adapter at a Kafka broker that wants TLS and a password."""
import os
import subprocess
import unittest

from kafka_broker import PROPERTIES, WithKafka
from test_adapter_sources import SourceTest as Sources, metric

SECURE = PROPERTIES.replace("listeners=PLAINTEXT://{address}:9092",
                            "listeners=SECURE://{address}:9094,PLAINTEXT://{address}:9092") + """
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.secure.plain.sasl.jaas.config=\\
  org.apache.kafka.common.security.plain.PlainLoginModule required user_alice="right";
listener.name.secure.scram-sha-256.sasl.jaas.config=\\
  org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.scram-sha-512.sasl.jaas.config=\\
  org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={folder}/broker.pem
"""
MECHANISMS = {"plain": "PLAIN", "scram256": "SCRAM-SHA-256", "scram512": "SCRAM-SHA-512"}


class Secure(Sources, WithKafka):
    properties = SECURE
    storage_flags = [flag for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
                     for flag in ("--add-scram", f"{mechanism}=[name=alice,password=right]")]

    @classmethod
    def prepare(cls, folder):
        """A certificate, with its key in the same file for the broker."""
        key, cls.certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "ca.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj",
                        "/CN=kafka", "-addext", f"subjectAltName=IP:{cls.address}", "-keyout", key,
                        "-out", cls.certificate], check=True, capture_output=True)
        with open(os.path.join(folder, "broker.pem"), "w", encoding="ascii") as both:
            for path in (key, cls.certificate):
                with open(path, encoding="ascii") as part:
                    both.write(part.read())

    def source(self, mechanism, password="right", tls=True):
        with open(os.path.join(self.folder, password), "w", encoding="ascii") as file:
            file.write(password)
        ca = f", tls: {{caFile: {self.certificate}}}" if tls else ", tls: {}"
        return (f'{{kafka: {{bootstrapServers: "{self.address}:9094", consumerGroup: workers, topic: '
                f"orders, offsetResetPolicy: earliest, timeout: 10s, sasl: {{mechanism: {mechanism}, "
                f"username: alice, password: {{file: {file.name}}}}}{ca}}}}}")

    def test_lag_with_every_mechanism_and_none_with_a_wrong_password_or_authority(self):
        self.put("orders", ["a", "b", "c"])
        p = self.adapter("externalMetrics:\n" +
                         "".join(metric(name, self.source(mechanism))
                                 for name, mechanism in MECHANISMS.items()) +
                         metric("wrong", self.source("SCRAM-SHA-256", "wrong")) +
                         metric("unknown", self.source("SCRAM-SHA-256", tls=False)))
        for name in MECHANISMS:
            self.becomes(p, name, "3")
        for name in ("wrong", "unknown"):
            self.says(p, name, "(no value yet)")


if __name__ == "__main__":
    del Sources
    unittest.main()
