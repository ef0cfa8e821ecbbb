# SPDX-License-Identifier: MIT
"""swell-adapter reads how far a group is behind on a real Kafka broker."""
import unittest

from kafka_broker import WithKafka
from test_adapter_sources import SourceTest as Sources, metric


class Lag(Sources, WithKafka):
    def put_to(self, topic, partition, count):
        self.kcat("-P", "-t", topic, "-p", str(partition),
                  text="".join(f"m{i}\n" for i in range(count)))

    def of(self, group, more=""):
        return (f'{{kafka: {{bootstrapServers: "{self.address}:9092", consumerGroup: {group}, '
                f"timeout: 10s{more}}}}}")

    def test_lag_by_the_rules(self):
        self.put_to("orders", 0, 10)
        self.put_to("orders", 1, 4)
        self.kcat("-G", "workers", "-X", "auto.offset.reset=earliest", "-e", "orders")
        for partition, count in ((1, 6), (2, 10), (3, 10)):
            self.put_to("orders", partition, count)
        one = ", topic: orders"
        p = self.adapter("externalMetrics:\n" +
                         metric("lag", self.of("workers", one)) +
                         metric("earliest", self.of("workers", one + ", offsetResetPolicy: "
                                                    "earliest")) +
                         metric("zero", self.of("workers", one + ", scaleToZeroOnInvalidOffset: "
                                                "true")) +
                         metric("first", self.of("workers", one + ', partitionLimitation: "0,1"')) +
                         metric("capped", self.of("nobody", one + ", offsetResetPolicy: earliest, "
                                                  "lagThreshold: 3")) +
                         metric("group", self.of("workers")) +
                         metric("nothing", self.of("nobody")) +
                         metric("notopic", self.of("workers", ", topic: letters")))
        # 0 and 6 behind where something was committed; 1, or all 10, each in two without it
        for name, value in (("lag", "8"), ("earliest", "26"), ("zero", "6"), ("first", "6"),
                            ("capped", "12"), ("group", "6")):
            self.becomes(p, name, value)
        self.says(p, "nothing", "has no committed offset of group 'nobody' since ")
        self.says(p, "notopic", "has no topic 'letters' since ")
        self.put_to("orders", 0, 5)
        self.becomes(p, "lag", "13")


if __name__ == "__main__":
    del Sources
    unittest.main()
