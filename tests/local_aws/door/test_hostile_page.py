"""Real Chromium on a hostile page: its forms, scripts and DNS tricks change nothing here."""

import http.server
import json
import shutil
import threading
import time
from html import escape

import pytest

BUCKET = "data"
DELETE = "<Delete><Object><Key>train/train.csv</Key></Object></Delete>"
CALL = """
const signature = 'AWS4-HMAC-SHA256 Credential=x/1/us-east-1/sagemaker/aws4_request, ' +
  'SignedHeaders=host, Signature=0';
const call = (operation, body) => fetch('/', {
  method: 'POST',
  body: JSON.stringify(body),
  headers: {
    'Content-Type': 'application/x-amz-json-1.1',
    'X-Amz-Target': 'SageMaker.' + operation,
    'Authorization': signature}});
document.title = 'ran on ' + location.origin;
call('ListModels', {}).then(answer => document.title = 'called: ' + answer.status);
"""


class Pages(http.server.ThreadingHTTPServer):
    """A foreign web server: `pages` maps a path to its response."""

    def __init__(self):
        self.pages = {}
        pages = self.pages

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(pages.get(self.path, "").encode())

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def evil():
    server = Pages()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def browser(aws, evil):
    """Chromium with two host names of servers here.

    evil.example is the hostile server, rebound.example the offline AWS itself.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    program = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    if program is None:
        pytest.skip("no Chromium on this machine")
    rules = (
        f"MAP evil.example 127.0.0.1:{evil.server_port}",
        f"MAP rebound.example 127.0.0.1:{aws.server['port']}",
        f"MAP portal.example 127.0.0.1:{aws.server['portal']}",
    )
    arguments = ["--no-sandbox", f"--host-resolver-rules={','.join(rules)}"]
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()


def upload(aws, key, content, **fields):
    """The HTML of a form that submits itself, stores an object, and makes the browser open it."""
    url = f"http://127.0.0.1:{aws.server['port']}/{BUCKET}"
    fields = {"key": key, "acl": "public-read", "success_action_redirect": f"{url}/{key}"} | fields
    inputs = "".join(
        f'<input name="{name}" value="{escape(value)}">' for name, value in fields.items()
    )
    return (
        f'<form id=f method=post enctype=multipart/form-data action="{url}">{inputs}'
        f"<textarea name=file>{escape(content)}</textarea></form><script>f.submit()</script>"
    )


def keys(aws):
    return {item["Key"] for item in aws.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}


def test_a_form_to_s3_stores_nothing_and_runs_nothing(aws, evil, page):
    before = keys(aws)
    evil.pages["/"] = upload(
        aws, "evil.html", f"<script>{CALL}</script>", **{"Content-Type": "text/html"}
    )
    page.goto("http://evil.example/")
    page.wait_for_load_state("networkidle")
    time.sleep(0.5)
    assert keys(aws) == before
    assert "ran" not in page.title() and "called" not in page.title()


def test_a_stored_page_is_a_download_even_if_its_address_is_signed(aws, page):
    aws.s3.put_object(
        Bucket=BUCKET, Key="stored.html", Body=f"<script>{CALL}</script>", ContentType="text/html"
    )
    over = {"ResponseContentType": "text/html", "ResponseContentDisposition": "inline"}
    url = aws.s3.generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": "stored.html"} | over
    )
    with page.expect_download():
        page.evaluate("url => { location = url }", url)
    assert page.title() == ""
    aws.s3.delete_object(Bucket=BUCKET, Key="stored.html")


def test_a_pages_requests_of_every_kind_do_nothing(aws, evil, page):
    before, url = keys(aws), f"http://127.0.0.1:{aws.server['port']}"
    evil.pages["/all"] = f"""<title>open</title>
      <img src="{url}/{BUCKET}/train/train.csv">
      <iframe src="{url}/{BUCKET}/train/train.csv"></iframe>
      <script src="{url}/moto-api/data.json"></script>
      <script>
      const said = [];
      const blind = {{mode: 'no-cors'}};
      const ask = (path, options) => fetch('{url}' + path, Object.assign({{}}, blind, options))
        .then(answer => said.push(answer.type), () => said.push('failed'));
      Promise.all([
        ask('/moto-api/reset', {{method: 'POST'}}),
        ask('/local-aws/invite', {{method: 'POST', body: '{{"worker": "eve"}}'}}),
        ask('/{BUCKET}?delete', {{method: 'POST', body: '{DELETE}'}}),
        ask('/local-aws/identity', {{mode: 'cors'}}),
        ask('/', {{mode: 'cors', method: 'POST',
                  headers: {{'X-Amz-Target': 'SageMaker.ListModels'}}}}),
      ]).then(() => document.title = said.join());
      </script>"""
    page.goto("http://evil.example/all")
    page.wait_for_function("document.title != 'open'")
    # The page reads nothing, and requests sent blindly do nothing
    assert page.title().count("failed") >= 2, page.title()
    assert keys(aws) == before
    assert "eve" not in json.dumps(aws.sagemaker.list_workteams(), default=str)


@pytest.mark.parametrize("host", ["rebound.example", "portal.example"])
def test_a_name_whose_dns_points_to_this_machine_reads_nothing(aws, page, host):
    for path in ("/", "/local-aws/identity", f"/{BUCKET}/train/train.csv", "/us-east-1/"):
        answer = page.goto(f"http://{host}{path}", wait_until="commit")
        assert answer.status in (403, 421)
        assert aws.server["id"] not in answer.text()
