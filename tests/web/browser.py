# SPDX-License-Identifier: MIT
"""Debian's Chromium, driven by its chromedriver, for looking at the page as people see it.

    with Browser() as b:
        b.open(url)
        b.text("#current")
        b.press("d")
        b.problems()        # what the console complained about since the last call
        b.requests()        # every URL the page asked for since the last call
        b.screenshot("page-dark")
"""
import json
import os
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains

from program import wait_until

WIDTH, HEIGHT = 1280, 720  # the projector that the page is made for
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--no-proxy-server", "--hide-scrollbars",
    # A name would have to be looked up outside; requests for one are still seen in requests().
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.*",
)


class Browser:
    def __init__(self, width=WIDTH, height=HEIGHT):
        self.profile = tempfile.mkdtemp(prefix="swell-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in FLAGS:
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={self.profile}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        try:
            self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"),
                                           options=options)
        except BaseException:
            shutil.rmtree(self.profile, ignore_errors=True)
            raise
        self.size(width, height)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def size(self, width, height):
        """The page's own size: headless windows differ in what they take off for a frame."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def prefer_reduced_motion(self, value):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-reduced-motion", "value": value}]})

    def open(self, url):
        self.driver.get(url)

    def leave(self):
        """Closes the page, and drops what the logs hold of it."""
        self.driver.get("about:blank")
        self.problems()
        self.requests()

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, selector):
        """The text as written (hidden or not), with ordinary spaces; None without the element."""
        text = self.run("return document.querySelector(arguments[0])?.textContent", selector)
        return None if text is None else text.replace("\u00a0", " ")

    def seen(self, selector):
        return self.run("const e = document.querySelector(arguments[0]);"
                        "return Boolean(e && e.getClientRects().length)", selector)

    def wait_for_text(self, selector, text):
        wait_until(lambda: self.text(selector) == text,
                   f"{selector} to say {text!r}, not {self.text(selector)!r}")

    def wait_seen(self, selector, seen=True):
        wait_until(lambda: self.seen(selector) == seen,
                   f"{selector} to be {'seen' if seen else 'hidden'}")

    def press(self, keys):
        ActionChains(self.driver).send_keys(keys).perform()

    def problems(self):
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self):
        """The browser's own pages (chrome://) are inside it: they are left out."""
        messages = (json.loads(entry["message"])["message"]
                    for entry in self.driver.get_log("performance"))
        urls = [message["params"]["request"]["url"] for message in messages
                if message["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith("chrome://")]

    def screenshot(self, name):
        """Kept as an artefact of the test; returns the file's name."""
        folder = os.environ.get("SWELL_ARTIFACTS") or \
            os.path.join(os.environ["SWELL_BUILD"], "artifacts")
        os.makedirs(folder, exist_ok=True)
        file = os.path.join(folder, f"{name}.png")
        if not self.driver.save_screenshot(file):
            raise AssertionError(f"cannot write {file}")
        return file
