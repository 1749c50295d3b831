"""browser: a headless Chromium, driven through chromedriver's WebDriver JSON, for the page's test."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-default-apps", "--disable-extensions", "--hide-scrollbars", "--mute-audio",
    "--disable-dev-shm-usage", "--no-default-browser-check",
]


def program():
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """Used as `with Browser() as b:`; both programs and the profile are gone after it."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="vigil-browser.")
        # With port 0 the kernel chooses a port, and chromedriver prints it.
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, env=dict(os.environ, HOME=self.profile))
        self.root = self.session = None
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                self.root = "http://127.0.0.1:" + line.rsplit(" ", 1)[1].strip(". \n")
                break
        if self.root is None:
            raise RuntimeError("chromedriver did not start")

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.root + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=600) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()[:500]) from None

    def __enter__(self):
        capabilities = {"alwaysMatch": {
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {
                "binary": program(),
                "args": FLAGS + ["--user-data-dir=" + self.profile + "/data"]}}}
        try:
            answer = self.call("POST", "/session", {"capabilities": capabilities})
        except BaseException:
            self.__exit__()
            raise
        self.session = "/session/" + answer["sessionId"]
        return self

    def __exit__(self, *_):
        if self.session:
            self.call("DELETE", self.session)
        self.driver.terminate()
        self.driver.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def cdp(self, command, **params):
        return self.call("POST", self.session + "/goog/cdp/execute", {"cmd": command, "params": params})

    def open(self, url):
        self.call("POST", self.session + "/url", {"url": url})

    def new_tab(self, kind="tab"):
        """Opens an empty tab or window, makes it the current one, and returns its handle."""
        handle = self.call("POST", self.session + "/window/new", {"type": kind})["handle"]
        self.switch_to(handle)
        return handle

    def switch_to(self, handle):
        self.call("POST", self.session + "/window", {"handle": handle})

    def current_tab(self):
        return self.call("GET", self.session + "/window")

    def close_tab(self):
        """Closes the current tab. The caller must then switch to another one."""
        self.call("DELETE", self.session + "/window")

    def press(self, keys):
        """Types keys into the element with the focus; WebDriver defines the codes of special keys."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", self.session + "/actions",
                  {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def run(self, script, *args):
        return self.call("POST", self.session + "/execute/sync", {"script": script, "args": list(args)})

    def wait_for(self, script, seconds=300):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.run("return " + script):
                return True
            time.sleep(0.05)
        return False

    def log(self, kind):
        return self.call("POST", self.session + "/se/log", {"type": kind})

    def requests(self):
        """The URLs that the browser has requested since the last call."""
        urls = []
        for entry in self.log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                urls.append(message["params"]["request"]["url"])
        return urls

    def look(self, width, height, scheme):
        """Sets the size of the screen and the colour scheme."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=width < 600)
        self.cdp("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path, whole=True):
        shot = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
