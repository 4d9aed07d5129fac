"""Bindings: the engines that serve models."""

import uuid

import boto3
import pandas as pd

from model_monitoring.datamart.engines import sagemaker
from model_monitoring.datamart.engines.instances import (
    BatchMachineLearningInstance,
    CustomMachineLearningInstance,
    SageMakerMachineLearningInstance,
)
from model_monitoring.datamart.postgres.database import Database
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.postgres.texts import check_text

Instance = (
    SageMakerMachineLearningInstance | CustomMachineLearningInstance | BatchMachineLearningInstance
)


class Bindings:
    """The engines bound to a data mart."""

    def __init__(self, database: Database, boto_session: boto3.Session | None):
        self._database = database
        self._boto_session = boto_session

    def add(self, name: str, instance: Instance) -> str:
        """Bind an engine and return its uid; the same name and engine again return the same uid.

        Raises:
            ValueError: the name belongs to another engine, or the engine's properties are invalid.
        """
        check_text(name, "name")
        properties = instance.properties()

        def work(cursor) -> tuple:
            cursor.execute(
                "INSERT INTO binding (binding_uid, name, service_type, properties)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT (name) DO NOTHING",
                [str(uuid.uuid4()), name, instance.service_type, as_json(properties)],
            )
            cursor.execute(
                "SELECT binding_uid, service_type, properties FROM binding WHERE name = %s", [name]
            )
            return cursor.fetchone()

        uid, service_type, there = self._database.run(work)
        if (service_type, there) != (instance.service_type, properties):
            raise ValueError(
                f"Binding {name!r} is {service_type} with {there}; choose another name for this"
                " engine."
            )
        return uid

    def set_token_variable(self, binding_uid: str, token_variable: str | None) -> None:
        """Change the environment variable that holds the token of a custom engine.

        Its subscriptions stay as they are.

        Raises:
            ValueError: there is no such binding, its engine is SageMaker, or the variable isn't
                meant for engine tokens.
        """
        binding = self.get_details(binding_uid)
        if binding["service_type"] != CustomMachineLearningInstance.service_type:
            raise ValueError(
                f"Binding {binding['name']!r} is {binding['service_type']}: only an engine with a"
                " url takes a token."
            )
        changed = binding["properties"] | {"token_variable": token_variable}
        instance = CustomMachineLearningInstance(**changed)
        self._database.execute(
            "UPDATE binding SET properties = %s WHERE binding_uid = %s",
            [as_json(instance.properties()), binding["binding_uid"]],
        )

    def get_uids(self) -> list[str]:
        """Return the uids of all bindings."""
        return self.list()["uid"].tolist()

    def list(self) -> pd.DataFrame:
        """List the bindings."""
        return self._database.frame(
            "SELECT binding_uid AS uid, name, service_type, created_at FROM binding ORDER BY name"
        )

    def get_details(self, binding_uid: str) -> dict:
        """Return all that is known of a binding; raise ValueError if there is no such uid."""
        check_text(binding_uid, "binding_uid")
        found = self._database.rows(
            "SELECT * FROM binding WHERE binding_uid::text = %s", [binding_uid]
        )
        if not found:
            raise ValueError(
                f"There is no binding {binding_uid!r}; there are"
                f" {', '.join(self.get_uids()) or 'none'}."
            )
        return found[0]

    def list_assets(self, binding_uid: str | None = None) -> pd.DataFrame:
        """List the models on all bound engines, or on one.

        There is one row per endpoint and production variant.

        Raises:
            ValueError: there is no such binding, or the data mart was opened without a boto3
                session.
        """
        assets = []
        for uid in [binding_uid] if binding_uid else self.get_uids():
            binding = self.get_details(uid)
            if binding["service_type"] != SageMakerMachineLearningInstance.service_type:
                name = binding["properties"].get("url", binding["name"])
                assets.append({"name": name, "binding_uid": uid})
                continue
            if self._boto_session is None:
                raise ValueError(
                    "Listing SageMaker's endpoints needs a session: DataMart(url,"
                    " boto_session=...)."
                )
            found = sagemaker.list_endpoints(self._boto_session, binding["properties"]["region"])
            assets += [asset | {"binding_uid": uid} for asset in found]
        return pd.DataFrame(assets, columns=[*sagemaker.ASSET_COLUMNS, "binding_uid"])
