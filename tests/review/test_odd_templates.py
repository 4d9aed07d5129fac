"""Any template and any input give a page or a clear refusal, never a traceback or a script."""

from hypothesis import given, settings
from hypothesis import strategies as st

from model_monitoring.review import TemplateError, render
from model_monitoring.review.answers import missing, parse

PIECES = st.sampled_from(
    [
        *(
            "<table>",
            "</table>",
            "<tr>",
            "<td>",
            "</td>",
            "<p>",
            "</p>",
            "<style>",
            "</style>",
            "<label for=a>",
        ),
        *(
            "<script>",
            "</script>",
            "<svg>",
            "<!--",
            "-->",
            "]]>",
            "&#0;",
            "&#1;",
            "\x00",
            "\ud800",
            "{%",
            "}}",
            "{% raw %}",
        ),
        *(
            "<crowd-form>",
            "</crowd-form>",
            "<crowd-input name='a' required>",
            "<crowd-input/>",
            "<crowd-alert>",
        ),
        *(
            "<crowd-radio-group>",
            "<crowd-radio-button name=b>",
            "<crowd-slider name=a min=x>",
            "<full-instructions>",
        ),
        *(
            "<crowd-card heading=x image=y>",
            "<crowd-button form-action=submit>",
            "<crowd-classifier categories='[1, {}]'>",
        ),
        "<crowd-classifier-multi-select name=a categories='[' exclusion-category='x'>",
        *(
            "<input name=a>",
            "<input type=radio name=a value=1>",
            "<input type=checkbox name='a[0]'>",
        ),
        *("<select name=a>", "<option>", "<textarea name=a>", "</textarea>"),
        *(
            "{{ task.input.a }}",
            "{{ task.input.a | skip_autoescape }}",
            "{{ task.input.a | to_json }}",
        ),
        *(
            "{{ task.input.a | grant_read_access }}",
            "{{ task.input.a | divided_by: 0 }}",
            "{% if task.input.a %}",
        ),
        *("{% endif %}", "{% for a in task.input.a %}", "{{ a }}", "{% endfor %}"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(PIECES | st.text(max_size=5), max_size=12).map("".join), VALUES, st.text(max_size=3)
)
def test_any_template_with_any_input(template, value, typed):
    try:
        rendered = render(template, {"a": value}, [("a", typed)])
    except TemplateError:
        return
    assert "<script" not in rendered.html.lower() and "<svg" not in rendered.html.lower()
    wires = [field.wire for field in rendered.fields]
    content = parse([(wire, typed) for wire in wires], rendered.fields)
    assert set(content) == {field.key for field in rendered.fields}
    assert set(missing([], rendered.fields)) <= set(wires)
