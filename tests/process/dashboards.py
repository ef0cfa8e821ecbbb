#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Plays the queries of Grafana dashboards to a Prometheus and says which of them find nothing.

    dashboards.py URL [--set NAME=VALUE]... FILE.json...     e.g. --set workload=workers

Variables are filled in as Grafana does: label_values(SELECTOR, LABEL) is asked of the Prometheus, and
the first value is taken unless --set chooses one. Grafana's own __rate_interval is four times as long
as what is between two scrapes: 10 s for the lab's, and --set it for others. Used by test_monitoring.py on the lab, and by hand
or by the end-to-end tests on a cluster's Prometheus.
"""
import argparse
import json
import math
import os
import re
import sys
import urllib.parse
import urllib.request

TIMEOUT_S = 30


class Prometheus:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def get(self, path, **query):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as e:
            raise ValueError(json.load(e).get("error", str(e))) from e

    def series(self, selector):
        return self.get("series", **{"match[]": selector})

    def values(self, expression):
        """The values of an instant query that are numbers."""
        values = [float(row["value"][1]) for row in self.get("query", query=expression)["result"]]
        return [value for value in values if math.isfinite(value)]


class Dashboard:
    def __init__(self, path):
        self.name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            self.json = json.load(file)

    def queries(self):
        """(title of the panel, expression) of each query of each panel."""
        return [(panel["title"], target["expr"])
                for panel in self.json["panels"] for target in panel["targets"]]

    def variables(self):
        return [v for v in self.json["templating"]["list"] if v["type"] == "query"]

    def fill(self, prometheus, chosen):
        """The value of each variable, by name. LookupError when one has none."""
        filled = {"__rate_interval": chosen.get("__rate_interval", "10s")}
        for variable in self.variables():
            asked = substitute(variable["query"], filled)
            selector, label = re.fullmatch(r"label_values\((.+), *(\w+)\)", asked).groups()
            values = sorted({s[label] for s in prometheus.series(selector) if label in s})
            value = chosen.get(variable["name"], values[0] if values else None)
            if value not in values:
                raise LookupError(f"{self.name}: ${variable['name']} is {value}, {asked} has {values}")
            filled[variable["name"]] = value
        return filled


def substitute(text, values):
    return re.sub(r"\$\{?(\w+)\}?", lambda name: values[name.group(1)], text)


def problems(dashboard, prometheus, chosen):
    """One line for each query of the dashboard that does not give a number."""
    try:
        filled = dashboard.fill(prometheus, chosen)
    except LookupError as e:
        return [str(e)]
    found = []
    for title, expression in dashboard.queries():
        query = substitute(expression, filled)
        try:
            why = None if prometheus.values(query) else "no data"
        except ValueError as e:
            why = str(e)
        if why:
            found.append(f"{dashboard.name}: panel '{title}': {why}: {query}")
    return found


def wait_for_data(test, path, play, wait):
    """Fails the test with the panels of the dashboard at path that stay without data.

    play returns problems() of a dashboard; wait calls what it is given until that holds, or raises.
    """
    dashboard, last = Dashboard(path), []

    def has_data():
        last[:] = play(dashboard)
        return not last
    try:
        wait(has_data)
    except Exception as late:
        test.fail("\n".join(last) or late)


def main():
    parser = argparse.ArgumentParser(description="which queries of these dashboards find nothing?")
    parser.add_argument("url", help="of the Prometheus")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    chosen = dict(entry.split("=", 1) for entry in options.set)
    prometheus = Prometheus(options.url)
    found = [line for file in options.files
             for line in problems(Dashboard(file), prometheus, chosen)]
    print("\n".join(found) or "every panel has data")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
