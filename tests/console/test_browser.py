"""A real browser, as wide as a phone and as a desktop: nothing is cut off, blank or unstyled."""

import shutil
import subprocess
import threading

import pytest
import waitress
from flask import session
from PIL import Image

from model_monitoring.console import create_app, security

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on this machine")


@pytest.fixture
def signed_in(database_url, schema, state, measured):
    """The app with every visitor signed in.

    A browser that is started from the command line can't fill in the form.
    """
    app = create_app(database_url, schema, security.load_secrets(state / "console"))
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: session.update(signed_in=True))
    server = waitress.create_server(app, host="127.0.0.1", port=0)
    threading.Thread(target=server.run, daemon=True).start()
    yield f"http://127.0.0.1:{server.effective_port}"
    with server.trigger.lock:
        server.trigger.thunks.append(lambda: server.asyncore.close_all(server._map))
        server.trigger.pull_trigger()


def picture(url, tmp_path, width, height=1500):
    file = tmp_path / f"{width}.png"
    subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-background-networking", "--hide-scrollbars",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},{height}", f"--screenshot={file}", url,
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    return Image.open(file).convert("RGB")


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
def test_pages_fit_the_screen(signed_in, measured, tmp_path, width):
    for path in ("/", f"/subscriptions/{measured.uid}"):
        seen = picture(signed_in + path, tmp_path, width)
        assert seen.size == (width, 1500)
        paper = seen.getpixel((1, 1400))
        # the page's margins are empty: nothing extends beyond the right edge of the screen
        assert {seen.getpixel((width - 2, y)) for y in range(200, 1400, 5)} == {paper}
        colours = {colour for _, colour in seen.getcolors(1 << 24)}
        assert (
            29,
            90,
            138,
        ) in colours  # the colour of chart lines and links: the style sheet was applied
        assert len(colours) > 50
