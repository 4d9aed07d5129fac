"""Templates, with their task's input, that would take as much time or memory as they can get."""

LETTERS = '{% assign s = "aaaaaaaaaa" %}'


def repeated(times, work, before=LETTERS):
    return f"{before}{{% for i in (1..{times}) %}}{work}{{% endfor %}}{{{{ s | size }}}}"


def deep(value, times):
    for _ in range(times):
        value = [value]
    return value


ATTACKS = {
    "append": repeated(40, "{% assign s = s | append: s %}"),
    "prepend": repeated(40, "{% assign s = s | prepend: s %}"),
    "capture": repeated(40, "{% capture s %}{{ s }}{{ s }}{% endcapture %}"),
    "replace": repeated(12, '{% assign s = s | replace: "a", "aaaaaaaaaaaaaaaa" %}'),
    "split and join": repeated(12, '{% assign s = s | split: "" | join: "aaaaaaaaaaaaaaaa" %}'),
    "split the long": (
        repeated(26, "{% assign s = s | append: s %}") + '{% assign x = s | split: "" %}'
    ),
    "concat": repeated(
        40, "{% assign s = s | concat: s %}", '{% assign s = "a,b,c" | split: "," %}'
    ),
    "url_encode": repeated(40, '{% assign s = s | append: "%%%%" | url_encode %}'),
    "escape": repeated(40, '{% assign s = s | append: "&&&&" | append: s | escape %}'),
    "to_json": repeated(40, "{% assign s = s | append: '\"' | to_json %}"),
    "base64": repeated(90, "{% assign s = s | base64_encode | append: s %}"),
    "joined range": '{{ (1..2000000000) | join: "" | size }}',
    "sorted range": "{% assign x = (1..2000000000) | sort %}{{ x | size }}",
    "reversed range": "{% assign x = (1..2000000000) | reverse %}{{ x | size }}",
    "summed range": "{{ (1..2000000000) | sum }}",
    "where": (
        '{% for i in (1..5000) %}{% assign x = task.input.rows | where: "a", "b" %}{% endfor %}'
    ),
    "sort": (
        '{% for i in (1..5000) %}{% assign x = task.input.rows | sort: "a" | uniq %}{% endfor %}'
    ),
    "big integers": repeated(40, "{% assign s = s | times: s %}", "{% assign s = 10 %}"),
    "slice": (
        "{{ task.input.long | slice: 0, 99999999999999999999 | size }}"
        "{{ 'a' | slice: -9999999999999999999 }}"
    ),
    "truncate": (
        "{{ task.input.long | truncate: 99999999999999999999"
        " | truncatewords: 99999999999999999999 | size }}"
    ),
    "strip_html": "{% for i in (1..99) %}{% assign x = task.input.tags | strip_html %}{% endfor %}",
    "date": (
        '{{ "now" | date: "%2000000000d" | size }}'
        '{{ 99999999999999999999 | date: "%Y%%%Q%-" }}'
    ),
    "long date": "{{ 'now' | date: task.input.percents | size }}",
    "loops with cycle": (
        "{% for i in (1..400) %}{% for j in (1..400) %}{% cycle 'a', 'b' %}{% endfor %}{% endfor %}"
    ),
    "busy rows": (
        "{% for i in (1..190000) %}"
        "{% assign x = 'b' | upcase | split: '' | join: '' %}{% endfor %}"
    ),
    "tablerow": "{% tablerow i in (1..190000) cols: 1 %}{{ i }}{% endtablerow %}",
    "nested tablerow": (
        "{% tablerow i in (1..9999) %}{% tablerow j in (1..9999) %}x"
        "{% endtablerow %}{% endtablerow %}"
    ),
    "deep blocks": "{% if true %}" * 5000 + "x" + "{% endif %}" * 5000,
    "open marks": "{% if %}" + "{{ " * 300_000,
    "open tags": "{% if %}" + "{% " * 300_000,
    "long condition": "{% if " + "a and " * 100_000 + "a %}{% endif %}",
    "long path": "{{ task" + "[task" * 20_000 + "]" * 20_000 + " }}",
    "many filters": "{{ 'a'" + " | upcase" * 100_000 + " }}",
    "cleaned data": "{{ task.input.tags | skip_autoescape }}",
    "deep tables": "<table><tr><td>" * 100_000,
    "deep elements": "<b><i>" * 300_000,
    "deep crowd elements": "<crowd-card heading=a><full-instructions>" * 900,
    "entities": "&lt;&amp;&#65;" * 250_000,
    "ampersands": "&" * 1_000_000,
    "attributes": "<p " + " ".join(f"title{n}=a" for n in range(200_000)) + ">",
    "unknown elements": "".join(f"<x{n}>" for n in range(200_000)),
    "brackets in categories": (
        f'<crowd-classifier name="a" categories="{"[" * 300_000}"></crowd-classifier>'
    ),
    "signs in categories": (
        f'<crowd-classifier name="a" categories="{"-" * 90_000}1"></crowd-classifier>'
    ),
    "exclusion": (
        '<crowd-classifier categories="[1]" exclusion-category="' + "text: &apos;" * 60_000 + '">'
    ),
    "radios of one name": (
        '<table><tr><td><input type="radio" name="a" value="b"></td></tr>' * 20_000
    ),
    "boxes of one name": (
        "".join(f"<input type=checkbox name=a value={n // 2}>" for n in range(60_000))
    ),
    "controls in a label": "<label>" + "a<input name=a>" * 60_000,
    "names beside each other": (
        "".join(f"<input name=\"a[0]{chr(39) * n}\"><input name=a>" for n in range(2000))
    ),
    "buttons": "<button>a</button>bbbbbbbb" * 150_000,
    "styles": "<style>" + "a{b:c}" * 300_000,
    "brackets in styles": "<style>" + "(" * 1_000_000,
    "braces in styles": "<style>" + "{" * 1_000_000,
    "comments": "<!--" * 400_000,
    "scripts": "<script " * 200_000,
    "nested input": "{{ task.input.deep }}{{ task.input.deep | to_json }}",
    "half a character": "a\ud800",
    "NUL": "a\0<p\0>{{ 'a\0' }}",
}  # fmt: skip
ENDLESS = ATTACKS["big integers"]
INPUT = {
    "rows": [{"a": f"b{n}"} for n in range(20_000)],
    "long": "word " * 100_000,
    "tags": "<b>" * 100_000 + "<" * 100_000,
    "percents": "%A" * 100_000,
    "deep": deep(1, 400),
}
