"""Worker templates as Liquid: what is filled in, escaped, or refused with its line."""

import pytest

from model_monitoring.review import TemplateError, check
from model_monitoring.review.liquid import fill_in


def test_names_with_hyphens_loops_and_captured_text():
    template = (
        "{% capture head %}{{ task.input.source-ref }}{% endcapture %}"
        "{% assign n = task.input.rows | size %}{{ head }} {{ n }}:"
        "{% for row in task.input.rows %}{{ forloop.index }}{{ row.a-b }}{% endfor %}"
    )
    task_input = {"source-ref": "s3", "rows": [{"a-b": "x"}, {"a-b": "y"}]}
    assert fill_in(template, task_input).text == "s3 2:1x2y"


def test_data_is_escaped_once():
    filled = fill_in("{{ task.input.a }} {{ task.input.a | escape }}", {"a": "<b> & 'c'"})
    assert filled.text == "&lt;b&gt; &amp; &#39;c&#39; &lt;b&gt; &amp; &#39;c&#39;"


def test_json_fits_an_attribute_and_a_script():
    filled = fill_in(
        "{{ task.input.a | to_json }}|{{ task.input.a | to_json | skip_autoescape }}",
        {"a": ["x", 1.5]},
    )
    assert filled.text == '[&#34;x&#34;, 1.5]|["x", 1.5]'


def test_unescaped_data_keeps_its_tables_but_not_its_active_content():
    given = (
        '<table class="dataframe"><tr><td onclick="x()">1</td></tr></table><script>x()</script>'
        '<input name="label"><style>*{}</style><iframe src="//x"></iframe>'
        '<a href="javascript:x()">l</a>'
    )
    text = fill_in("{{ task.input.a | skip_autoescape }}", {"a": given}).text
    assert '<table class="dataframe">' in text and "<td>1</td>" in text
    for word in ("script", "onclick", "<input", "style", "iframe"):
        assert word not in text


def test_pictures_from_the_web_are_allowed_and_others_noted():
    filled = fill_in("{{ task.input.a | grant_read_access }}", {"a": "https://host.example/a.png"})
    assert (filled.text, filled.image_hosts) == (
        "https://host.example/a.png",
        {"https://host.example"},
    )
    filled = fill_in("{{ task.input.a | grant_read_access }}", {"a": "s3://bucket/a.png"})
    assert not filled.image_hosts and "s3://bucket/a.png" in filled.warnings[0]


def test_values_missing_from_the_input_stay_empty_and_are_noted():
    filled = fill_in("[{{ task.input.none.deep }}]{% for a in task.input.rows %}{% endfor %}", {})
    assert filled.text == "[]"
    assert [warning.split(" ")[0] for warning in filled.warnings] == [
        "task.input.none",
        "task.input.rows",
    ]


def test_testing_for_a_missing_value_is_not_noted():
    assert not fill_in(
        "{% if task.input.maybe %}x{% endif %}{{ task.input.b | default: 1 }}", {}
    ).warnings


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("a\n{% if x %}\nb\n", 4),  # an open block is reported at the end of the template
        ("a\n{{ x", 2),
        ("{% for a in b %}\n{% endif %}\n{% endfor %}", 2),
        ("a\n\n{% for x %}\n{% endfor %}", 3),
        ("a\n{% assign x = %}\n{{ b }}\n{% if c %}", 2),
        ("a\nb\n{{ x | nobodys_filter }}", 3),
        ("{% if a %}\n{% for b in c %}{{ b | nobodys_filter }}{% endfor %}{% endif %}", 2),
        ("a\n{% include 'b' %}", 2),
        ("a\n{% render 'b' %}", 2),
    ],
)
def test_a_wrong_template_is_refused_with_its_line(template, line):
    with pytest.raises(TemplateError, match=rf"^Line {line} of the template"):
        check(template)


def test_a_valid_template_passes():
    check("{% for a in task.input.b %}{{ a.c-d | upcase | to_json | escape }}{% endfor %}")


def test_endless_templates_are_stopped():
    with pytest.raises(TemplateError, match=r"Line 2 of the template.*limit"):
        fill_in("\n{% for i in (1..9000000) %}x{% endfor %}", {})
    with pytest.raises(TemplateError, match="limit"):
        fill_in("{% for i in (1..100000) %}{{ task.input.long }}{% endfor %}", {"long": "x" * 1000})
