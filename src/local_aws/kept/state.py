"""Where the offline AWS keeps its files, and the variables that point a client to it.

It uses only the standard library: `start` on a running server must take no longer than Python
itself.
"""

import json
import os
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]
ACCOUNT = "123456789012"
REGION = "us-east-1"
ROLE = "TutorialExecutionRole"

# Clients that call STS at its public address (the SageMaker SDK does) ignore AWS_ENDPOINT_URL. But
# botocore looks up an explicit address in the service's endpoint rules, and reads rules from
# AWS_DATA_PATH first.
_STS_RULES = "data/sts/2011-06-15/endpoint-rule-set-1.json"


def root() -> Path:
    """Return the directory of the offline AWS, `<state>/aws`."""
    return Path(os.environ.get("TUTORIAL_LOCAL_DIR", REPOSITORY / ".local")).resolve() / "aws"


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, for this user only, so that a reader sees either all of it or nothing."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file, indent=1)
    draft.replace(path)


def read_json(path: Path) -> Any:
    """Read a JSON file; None if it is absent or was left unreadable by a crash."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def write_client_files(url: str, credentials: dict[str, str]) -> None:
    """Write env.json and the files its variables name, for a server at `url`."""
    rules = {
        "version": "1.0",
        "parameters": {"Region": {"builtIn": "AWS::Region", "required": False, "type": "String"}},
        "rules": [
            {
                "conditions": [],
                "endpoint": {"url": url, "properties": {}, "headers": {}},
                "type": "endpoint",
            }
        ],
    }
    (root() / _STS_RULES).parent.mkdir(parents=True, exist_ok=True)
    write_json(root() / _STS_RULES, rules)
    (root() / "config").write_text("[default]\n")
    (root() / "credentials").write_text("")
    telemetry_off = {
        "SchemaVersion": "1.0",
        "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}},
    }
    write_json(root() / "sagemaker.yaml", telemetry_off)  # JSON is YAML
    write_json(root() / "env.json", _client_environment(url, credentials))


def _client_environment(url: str, credentials: dict[str, str]) -> dict[str, str]:
    """Return the variables that point boto3, the AWS CLI and the SageMaker SDKs to this server."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_PROFILE": "default",
        "AWS_CONFIG_FILE": str(root() / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(root() / "credentials"),
        "AWS_DATA_PATH": str(root() / "data"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(root() / "sagemaker.yaml"),
        "SAGEMAKER_VALIDATE_ROLE": "false",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }
