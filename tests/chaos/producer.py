# SPDX-License-Identifier: MIT
"""Puts jobs into a queue and writes a line to stdout for each put that was acknowledged, after the
answer and never before: what is on stdout must not be lost, whoever is killed.

    producer.py ADDRESS PORT NAME BATCH_MAX CPU_MS,...
"""
import http.client
import json
import random
import sys
import time


def put(connection, name, number, count, cpu_ms):
    """True when the queue has acknowledged it."""
    try:
        connection.request("POST", "/queues/jobs/jobs", json.dumps(
            {"id": f"{name}-{number}", "count": count, "cpu_ms": cpu_ms}))
        answer = connection.getresponse()
        answer.read()
        return answer.status in (200, 201)
    except (OSError, http.client.HTTPException):
        connection.close()
        return False


def main():
    address, port, name, batch_max = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    costs = [float(cost) for cost in sys.argv[5].split(",")]
    connection = http.client.HTTPConnection(address, port, timeout=10)
    number = 0
    while True:
        number += 1
        count = random.randint(1, batch_max)
        cpu_ms = random.choice(costs)
        while not put(connection, name, number, count, cpu_ms):
            time.sleep(0.02)  # the queue is full or away: it is asked again, not awaited
        print(f"{name}-{number} {count}", flush=True)


main()
