"""Tasks as the data mart and A2I's walkthrough make them."""

FEATURES = [
    (
        "radius_mean",
        17.99,
        8.2,
        13.37,
        21.4,
        [0.08, 0.5, 1, 0.85, 0.45, 0.3, 0.25, 0.18, 0.1, 0.03],
    ),
    (
        "texture_mean",
        10.38,
        11.1,
        18.84,
        29.1,
        [0.3, 0.7, 1, 0.9, 0.75, 0.5, 0.3, 0.15, 0.08, 0.03],
    ),
    (
        "perimeter_mean",
        122.8,
        51.2,
        86.24,
        143.5,
        [0.1, 0.55, 1, 0.8, 0.4, 0.32, 0.25, 0.2, 0.08, 0.03],
    ),
    (
        "area_mean",
        1001.0,
        203.0,
        551.1,
        1502.0,
        [0.6, 1, 0.8, 0.35, 0.25, 0.2, 0.15, 0.1, 0.06, 0.02],
    ),
    ("smoothness_mean", 0.1184, 0.0706, 0.0959, 0.125, None),
    (
        "compactness_mean",
        0.2776,
        0.0305,
        0.0926,
        0.224,
        [1, 0.9, 0.6, 0.4, 0.3, 0.2, 0.12, 0.1, 0.05, 0.02],
    ),
    (
        "concavity_mean",
        0.3001,
        0.0,
        0.0615,
        0.292,
        [1, 0.5, 0.4, 0.35, 0.3, 0.2, 0.15, 0.1, 0.05, 0.03],
    ),
    (
        "concave points_mean",
        0.1471,
        0.0,
        0.0335,
        0.151,
        [1, 0.8, 0.4, 0.3, 0.3, 0.25, 0.2, 0.1, 0.05, 0.03],
    ),
    (
        "symmetry_mean",
        0.2419,
        0.137,
        0.1792,
        0.241,
        [0.1, 0.4, 0.8, 1, 0.8, 0.5, 0.3, 0.15, 0.08, 0.04],
    ),
    ("radius_worst", 25.38, 9.5, 14.97, 28.1, [0.2, 0.8, 1, 0.7, 0.4, 0.3, 0.3, 0.2, 0.15, 0.05]),
]


def row(row_id, score=0.62):
    features = [
        {"name": name, "value": value, "low": low, "median": median, "high": high}
        | ({"bars": bars} if bars else {})
        for name, value, low, median, high, bars in FEATURES
    ]
    return {
        "id": row_id,
        "features": [*features, {"name": "clinic", "value": "north", "share": 0.34}],
        "prediction": {"label": "malignant" if score > 0.5 else "benign", "score": score},
        "explanation": [
            {"name": "radius_worst", "weight": 0.31},
            {"name": "concave points_mean", "weight": 0.18},
            {"name": "texture_mean", "weight": -0.22},
            {"name": "clinic", "weight": -0.04},
        ],
        "reasons": ["score between 0.1 and 0.9"],
    }


def scored(
    *ids,
    instructions="Compare the values with those the model was trained on, then say what it is.",
):
    return {
        "instructions": instructions,
        "labels": ["benign", "malignant"],
        "rows": [row(row_id) for row_id in ids],
    }


# The shape of AWS's walkthrough (Model Monitor with A2I): a table of data, and a row of controls a
# prediction.
WALKTHROUGH = """<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<style>
  table, th, td { border: 1px solid black; border-collapse: collapse; padding: 5px; }
</style>
<crowd-form>
  <full-instructions header="How to decide">
    <p>Look at <strong>every</strong> number.</p>
  </full-instructions>
  <h1>Please review these predictions</h1>
  <div id="data">{{ task.input.table | skip_autoescape }}</div>
  <table>
    <tr><th>Row</th><th>Model</th><th>Do you agree?</th><th>What is it?</th><th>Why?</th></tr>
    {% for pair in task.input.Pairs %}
    <tr>
      <td>{{ pair.row }}</td>
      <td>
        <crowd-text-area name="predicted{{ forloop.index }}" value="{{ pair.prediction }}">
        </crowd-text-area>
      </td>
      <td>
        <input type="radio" id="agree{{ forloop.index }}" name="agreement" value="agree" required>
        <label for="agree{{ forloop.index }}">Agree</label>
        <input type="radio" id="disagree{{ forloop.index }}" name="agreement" value="disagree"
          required>
        <label for="disagree{{ forloop.index }}">Disagree</label>
      </td>
      <td><input type="text" name="True Prediction" placeholder="Your prediction"></td>
      <td><input type="text" name="Change Reason" placeholder="Why you changed it"></td>
    </tr>
    {% endfor %}
  </table>
</crowd-form>
"""
WALKTHROUGH_INPUT = {
    "table": '<table border="1" class="dataframe"><tr><th>radius_mean</th></tr>'
    "<tr><td>17.99</td></tr></table>",
    "Pairs": [
        {"row": "row_1", "prediction": 0.41},
        {"row": "row_2", "prediction": 0.77},
        {"row": "row_3", "prediction": 0.5},
    ],
}
