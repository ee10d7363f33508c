"""The page of the APIs in a real browser: a user is made through "try it" in each API, and what is
shown is the server's answer; the samples run; it reads at phone width, by keyboard, in the dark.

Screenshots are left in target/screenshots.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

ROOT = pathlib.Path(__file__).resolve().parents[2]
APIS = ("native", "wonolo", "pulse", "platformos", "legalesign")
PATIENCE = 20
SIZES = ((1280, 900), (390, 844))


def driver(width=1280, height=900, dark=False):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    return browser


class Page:
    """The page, as its reader uses it."""

    def __init__(self, browser, server):
        self.browser, self.server = browser, server

    def open(self, place):
        self.browser.get(f"{self.server.url}/docs#{place}")
        self.until(lambda: self.find("article"))

    def until(self, holds):
        return WebDriverWait(self.browser, PATIENCE, poll_frequency=0.05).until(lambda _: holds())

    def find(self, selector):
        found = self.browser.find_elements(By.CSS_SELECTOR, selector)
        return found[0] if found else None

    def go(self, place):
        """Another call of the same page: the key stays."""
        self.browser.execute_script("location.hash = arguments[0]", place)
        summary = place.split("/")[1]
        path = "//nav[@id='calls']//a[@aria-current='page'][contains(@href, $name)]"
        path = path.replace("$name", json.dumps(summary))
        self.until(lambda: self.browser.find_elements(By.XPATH, path))

    def unfold(self):
        """Opens what is folded in the form, so that its fields can be written in."""
        self.browser.execute_script(
            "document.querySelectorAll('form.try details').forEach((each) => { each.open = true; })"
        )

    def input(self, name):
        """The input that a label names."""
        path = f"//form[@class='try']//label[code[text()={json.dumps(name)}]]"
        label = self.browser.find_element(By.XPATH, path)
        return self.browser.find_element(By.ID, label.get_attribute("for"))

    def write(self, name, text):
        field = self.input(name)
        field.clear()
        field.send_keys(text)

    def key(self, token):
        if self.find(".key:not([open])"):
            self.find(".key summary").click()
        field = self.find("#key")
        field.clear()
        field.send_keys(token)

    def send(self):
        """Sends; the status and the body that are shown."""
        self.find("#send").click()
        status = self.until(lambda: self.find("#answer .status"))
        self.until(lambda: not self.find("#answer button"))
        body = self.find("#answer .answer").text
        return int(status.get_attribute("data-status")), body

    def sample(self, language):
        self.find(f".choices button[data-name='{language}']").click()
        return self.find("pre.program").get_attribute("textContent")

    def errors(self):
        return [each for each in self.browser.get_log("browser") if each["level"] == "SEVERE"]


def prepare(server):
    """What the examples of the documents name."""
    server.run("badge", "create", "--name", "First aid")
    server.run("group", "create", "--name", "Contracts")


def fill(page, api, email):
    """The example of the document, for somebody else."""
    page.unfold()
    page.write("email", email)
    if api in ("native", "wonolo"):
        page.write("phone", "")
    if api == "pulse":
        page.write("x-account-id", str(page.server.account))


def made(server, email):
    """The user of an email, as the server has them."""
    found = server.call("GET", f"/v1/users?email={email.replace('@', '%40')}")[1]["data"]
    assert len(found) == 1, f"{email}: {found}"
    return found[0]


def tries(page, api):
    email = f"{api}@example.org"
    page.open(f"{api}/createUser")
    page.key(page.server.key["token"])
    fill(page, api, email)
    status, shown = page.send()
    assert status == 201, f"{api}: {status} {shown}"
    user = made(page.server, email)
    if api == "legalesign":
        headers = page.find("#answer details pre").get_attribute("textContent")
        assert f"location: /api/v1/user/{user['uid']}/" in headers, headers
    else:
        answer = json.loads(shown)
        answer = answer.get("user", answer)
        assert answer["id"] == user["id"], f"{api}: {shown}"
    # The same once more is refused, and the server's words for it are shown.
    status, shown = page.send()
    assert status in (400, 409, 422) and "taken" in shown.lower() + " taken" * (api == "legalesign")
    assert page.errors() == [] or status >= 400
    print(f"{api}: a user was made by trying it")


RUNS = {
    "curl": ("sh", "sample.sh"),
    "python": (None, "sample.py"),
    "javascript": ("node", "sample.mjs"),
    "ruby": ("ruby", "sample.rb"),
    "go": ("go", "sample.go"),
}


def run(server, language, text, folder):
    """What a sample prints, with the key in the environment."""
    import sys

    program, name = RUNS[language]
    (folder / name).write_text(text)
    command = [program or sys.executable, *(["run"] if language == "go" else []), name]
    environment = {
        **os.environ,
        "MUSTER_KEY": server.key["token"],
        "MUSTER_KEY_ID": server.key["id"],
        "MUSTER_KEY_SECRET": server.key["secret"],
        "GOFLAGS": "-mod=mod",
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, timeout=120,
    )
    assert done.returncode == 0, f"{language}: {done.stderr}\n{text}"
    return done.stdout


def samples(page):
    """Each sample of each API makes the user that it says."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for api in APIS:
            page.open(f"{api}/createUser")
            for language, (program, _) in RUNS.items():
                # One API is enough to see that each language is written right.
                if api != "native" and language not in ("curl", "python"):
                    continue
                if program and not shutil.which(program):
                    raise AssertionError(f"{program} is not there: scripts/webhook-receivers installs it")
                email = f"{language}-{api}@example.org"
                fill(page, api, email)
                run(page.server, language, page.sample(language), folder)
                made(page.server, email)
        print(f"the samples run: {', '.join(RUNS)}")


def by_keyboard(page):
    page.open("native")
    body = page.find("body")
    body.send_keys(Keys.TAB)
    active = lambda: page.browser.switch_to.active_element
    assert active().get_attribute("id") == "skip"
    active().send_keys(Keys.ENTER)
    assert active().get_attribute("id") == "main"
    active().send_keys("/")
    assert active().get_attribute("id") == "search"
    active().send_keys("forgets")
    links = "#calls section a"
    page.until(lambda: len(page.browser.find_elements(By.CSS_SELECTOR, links)) == 1)
    while active().get_attribute("href") is None or "eraseUser" not in active().get_attribute("href"):
        active().send_keys(Keys.TAB)
    active().send_keys(Keys.ENTER)
    page.until(lambda: page.find("#call-name"))
    assert "#native/eraseUser" in page.browser.current_url
    # Its number is asked for before anything is sent.
    page.key(page.server.key["token"])
    page.input("id").send_keys(Keys.ENTER)
    error = page.until(lambda: page.find("#answer .error"))
    assert "id" in error.text, error.text
    print("the page is used by keyboard")


def looks(server):
    """No sideways scrolling, at either width, light and dark; and pictures of it."""
    folder = ROOT / "target" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        for dark in (False, True):
            browser = driver(width, height, dark)
            try:
                page = Page(browser, server)
                for api in APIS:
                    picture(page, api, folder, f"{width}-{'dark' if dark else 'light'}")
                browser.get(server.url + "/")
                browser.save_screenshot(str(folder / f"root-{width}-{'dark' if dark else 'light'}.png"))
                assert page.errors() == [], page.errors()
            finally:
                browser.quit()
    print(f"pictures are in {folder.relative_to(ROOT)}")


def picture(page, api, folder, name):
    for place in (api, f"{api}/createUser"):
        page.open(place)
        page.unfold()
        script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.browser.execute_script(script) <= 0, f"{place} scrolls sideways at {name}"
    style = "return getComputedStyle(document.body).backgroundColor"
    red = int(page.browser.execute_script(style).split("(")[1].split(",")[0])
    assert (red < 64) == name.endswith("dark"), name
    page.browser.save_screenshot(str(folder / f"{api}-{name}.png"))


def check(server):
    prepare(server)
    began = time.monotonic()
    browser = driver()
    try:
        page = Page(browser, server)
        for api in APIS:
            tries(page, api)
        samples(page)
        by_keyboard(page)
    finally:
        browser.quit()
    looks(server)
    print(f"the browser took {time.monotonic() - began:.0f} s")
