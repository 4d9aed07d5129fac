"""A scripted reviewer: fills in the default template's forms, with errors at a set rate."""

import random
import urllib.request
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin

from lxml.html import HtmlElement, document_fromstring
from tqdm.auto import tqdm


def review_all(
    site_url: str,
    invitation: str,
    labels: dict[str, str],
    *,
    error_rate: float = 0.0,
    seed: int = 0,
) -> dict[str, str]:
    """Answer all tasks of one reviewer; return the label given to each scoring id.

    Args:
        site_url: the address of the review page: an invitation's link before `/enter`.
        invitation: the reviewer's invitation.
        labels: the true label of each scoring id that may occur.
        error_rate: the share of rows, 0 to 1, that get a wrong label on purpose.
        seed: chooses these rows; the same seed gives errors in the same rows.

    Raises:
        RuntimeError: the site refused the invitation or an answer; the message is the site's.
        KeyError: the label of a row isn't known.
    """
    browser = _Browser(site_url.rstrip("/") + "/")
    page = browser.send("enter", {"token": invitation})
    given: dict[str, str] = {}
    with tqdm(desc="Reviewing", unit=" tasks") as progress:
        while True:
            forms = {form.get("id"): form for form in page.iter("form")}
            if "work" in forms:
                given |= (answers := _answers(forms["work"], labels, error_rate, seed))
                page = browser.submit(forms["work"], answers)
                progress.update()
            elif "next" in forms:
                page = browser.submit(forms["next"], {})
            else:
                return given


def _answers(
    form: HtmlElement, labels: dict[str, str], error_rate: float, seed: int
) -> dict[str, str]:
    """Choose a label for each row of a form."""
    answers = {}
    for row in form.iterfind(".//section[@id]"):
        chance = random.Random(f"{seed}:{row.get('id')}")
        label = str(labels[row.get("id")])
        offered = [button.get("value") for button in row.iterfind(".//input[@type='radio']")]
        others = [other for other in offered if other != label]
        if others and chance.random() < error_rate:
            label = chance.choice(others)
        answers[row.get("id")] = label
    return answers


class _Browser:
    """A browser: it keeps cookies and the address of its current page."""

    def __init__(self, site: str):
        self.address = site
        no_proxy = urllib.request.ProxyHandler({})  # the page runs on this machine
        self.opener = urllib.request.build_opener(
            no_proxy, urllib.request.HTTPCookieProcessor(CookieJar())
        )

    def submit(self, form: HtmlElement, answers: dict[str, str]) -> HtmlElement:
        """Send a form with its hidden inputs, and each row's label."""
        sent = {
            hidden.get("name"): hidden.get("value")
            for hidden in form.iterfind(".//input[@type='hidden']")
        }
        for row in form.iterfind(".//section[@id]"):
            sent[row.find(".//input[@type='radio']").get("name")] = answers[row.get("id")]
        return self.send(form.get("action", ""), sent)

    def send(self, path: str, values: dict[str, str]) -> HtmlElement:
        """Post values to an address relative to this page, and read the page that follows."""
        try:
            address, form = urljoin(self.address, path), urlencode(values).encode()
            with self.opener.open(address, form, timeout=60) as answer:
                self.address = answer.url
                return document_fromstring(answer.read().decode())
        except HTTPError as error:
            page = document_fromstring(error.read().decode())
            said = " ".join(page.find(".//main").text_content().split())
            raise RuntimeError(f"The review page answered {error.code}: {said}") from error
