"""Model Monitor's constraints.json: suggested from a baseline's profile, and read per feature."""

from typing import Any

from .statistics import VERSION, Profile
from .validation import OVERRIDES

# What the AWS container has written since 2022; before, it wrote them without the two categorical
# keys. The AWS documentation gives 0.1 as the default of the first two thresholds; the files say
# 1.0.
MONITORING_CONFIG = {
    "evaluate_constraints": "Enabled",
    "emit_metrics": "Enabled",
    "datatype_check_threshold": 1.0,
    "domain_content_threshold": 1.0,
    "distribution_constraints": {
        "perform_comparison": "Enabled",
        "comparison_threshold": 0.1,
        "comparison_method": "Robust",
        "categorical_comparison_threshold": 0.1,
        "categorical_drift_method": "LInfinity",
    },
}


def suggest(profile: Profile) -> dict[str, Any]:
    """Return the constraints that the rows of a baseline suggest.

    They are type, completeness, sign and, for few values, the domain.
    """
    features = []
    for column in (column.settled() for column in profile.columns.values()):
        feature = {
            "name": column.name,
            "inferred_type": column.inferred_type,
            "completeness": column.completeness,
        }
        if column.inferred_type in ("Integral", "Fractional"):
            feature["num_constraints"] = {"is_non_negative": column.low >= 0}
        elif column.categories:
            feature["string_constraints"] = {"domains": list(column.categories)}
        features.append(feature)
    config = {
        **MONITORING_CONFIG,
        "distribution_constraints": dict(MONITORING_CONFIG["distribution_constraints"]),
    }
    return {"version": VERSION, "features": features, "monitoring_config": config}


def settings(constraints: dict[str, Any], feature: dict[str, Any]) -> dict[str, Any]:
    """Return the monitoring settings of one feature, as a flat dict.

    The settings of the feature override those of the file, which override the defaults.
    """
    return _flat(MONITORING_CONFIG) | _given(constraints, feature)


def defaulted(constraints: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that the file leaves to their defaults for some feature, as a flat dict.

    They are named by their place, such as ``monitoring_config.evaluate_constraints``.
    """
    given = [set(_given(constraints, feature)) for feature in constraints["features"]]
    left = {}
    for key, value in MONITORING_CONFIG.items():
        place = f"monitoring_config.{key}"
        inner = value if isinstance(value, dict) else {}
        named = {f"{place}.{one}": (one, inner[one]) for one in inner} or {place: (key, value)}
        left |= {
            where: default
            for where, (name, default) in named.items()
            if not all(name in known for known in given)
        }
    return left


def _given(constraints: dict[str, Any], feature: dict[str, Any]) -> dict[str, Any]:
    """Return what the file itself says of one feature's settings."""
    blocks = [
        feature,
        *(feature.get(key) or {} for key in ("num_constraints", "string_constraints")),
    ]
    overrides = [block[key] for block in blocks for key in OVERRIDES if block.get(key)]
    flat: dict[str, Any] = {}
    for config in (constraints.get("monitoring_config") or {}, *overrides):
        flat |= _flat(config)
    return flat


def _flat(config: dict[str, Any]) -> dict[str, Any]:
    return {**config, **(config.get("distribution_constraints") or {})}


def domains(constraints: dict[str, Any]) -> dict[str, list[str]]:
    """Return each feature's domain, empty where it has none."""
    return {
        feature["name"]: (feature.get("string_constraints") or {}).get("domains") or []
        for feature in constraints["features"]
    }


def muted(constraints: dict[str, Any]) -> frozenset[str]:
    """Return the features whose metrics are switched off."""
    return frozenset(_off(constraints, "emit_metrics"))


def unchecked(constraints: dict[str, Any]) -> list[str]:
    """Return the features of which some check is switched off."""
    checks = ("evaluate_constraints", "perform_comparison")
    off = {name for key in checks for name in _off(constraints, key)}
    return [feature["name"] for feature in constraints["features"] if feature["name"] in off]


def _off(constraints: dict[str, Any], key: str) -> list[str]:
    return [
        feature["name"]
        for feature in constraints["features"]
        if settings(constraints, feature)[key] == "Disabled"
    ]
