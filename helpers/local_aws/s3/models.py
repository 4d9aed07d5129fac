"""S3's backend: moto's, remembering what a request changed so that it is on disk before the client reads the answer."""

import threading
from typing import Any

from moto.s3.models import FakeBucket, FakeKey, S3Backend, s3_backends

from helpers.local_aws import disk, state

_changed = threading.local()  # a request is answered by the thread that took it
_writing = threading.Lock()  # else an older content could replace a newer one


class Backend(S3Backend):
    """moto's S3 backend; every change of a bucket's keys passes through the methods below."""

    def create_bucket(self, bucket_name: str, *args: Any, **kwargs: Any) -> FakeBucket:
        """Create a bucket."""
        bucket = super().create_bucket(bucket_name, *args, **kwargs)
        touch(bucket_name)
        return bucket

    def delete_bucket(self, bucket_name: str) -> FakeBucket | None:
        """Delete an empty bucket."""
        touch(bucket_name)
        return super().delete_bucket(bucket_name)

    def put_object(self, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> FakeKey:
        """Store an object; copies and finished multipart uploads come through here as well."""
        touch(bucket_name, key_name)
        return super().put_object(bucket_name, key_name, *args, **kwargs)

    def delete_object(self, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:
        """Delete an object."""
        touch(bucket_name, key_name)
        return super().delete_object(bucket_name, key_name, *args, **kwargs)


def touch(bucket: str, key: str = "") -> None:
    """Remember that a key (or with none, the bucket itself) may have changed in this thread's request."""
    vars(_changed).setdefault("things", set()).add((bucket, key))


def keep() -> None:
    """Write what this thread changed to disk.

    Raises:
        OSError: the state directory can't be written.
    """
    things = vars(_changed).pop("things", set())
    with _writing:
        for bucket, key in sorted(things):
            _keep(bucket, key)


def restore() -> None:
    """Bring back the buckets and objects that are on disk; earlier versions of an object are not kept."""
    backend = s3_backends[state.ACCOUNT]["aws"]
    for header, _ in disk.load("s3", "buckets"):
        bucket = backend.create_bucket(header["name"], header["region"])
        bucket.creation_date, bucket.versioning_status = header["created"], header["versioning"]
        bucket.policy = header["policy"].encode() if header["policy"] else None
    for header, content in disk.load("s3", "objects"):
        if header["bucket"] in backend.buckets:
            _restore_object(backend, header, content)
    vars(_changed).clear()


def _keep(bucket_name: str, key_name: str) -> None:
    """Write or remove the file of one bucket or object, whichever its present state asks for."""
    bucket = s3_backends[state.ACCOUNT]["aws"].buckets.get(bucket_name)
    key = bucket.keys.get(key_name) if bucket else None
    file = disk.path_of("s3", *(("objects", bucket_name, key_name) if key_name else ("buckets", bucket_name)))
    if key_name and isinstance(key, FakeKey):
        disk.save(file, _describe_object(key), key.value)
    elif not key_name and bucket:
        policy = bucket.policy.decode() if bucket.policy else None
        header = {"name": bucket_name, "region": bucket.region_name, "created": bucket.creation_date}
        disk.save(file, header | {"versioning": bucket.versioning_status, "policy": policy})
    else:
        disk.drop(file)


def _describe_object(key: FakeKey) -> dict[str, Any]:
    """Return what is kept of an object beside its content."""
    tags = s3_backends[state.ACCOUNT]["aws"].tagger.get_tag_dict_for_resource(key.arn)
    return {
        "bucket": key.bucket_name,
        "key": key.name,
        "etag": key.etag.strip('"'),
        "modified": key.last_modified,
        "metadata": dict(key.metadata),
        "storage": key.storage_class,
        "encryption": key.encryption,
        "checksum": [key.checksum_algorithm, key.checksum_value],
        "tags": tags,
    }


def _restore_object(backend: S3Backend, header: dict[str, Any], content: bytes) -> None:
    """Put one object back as it was."""
    key = backend.put_object(
        header["bucket"],
        header["key"],
        content,
        storage=header["storage"],
        etag=header["etag"],
        encryption=header["encryption"],
        disable_notification=True,
    )
    key.last_modified = header["modified"]
    key.set_metadata(header["metadata"], replace=True)
    key.checksum_algorithm, key.checksum_value = header["checksum"]
    if header["tags"]:
        backend.put_object_tagging(key, header["tags"])


def touch_request(environ: dict[str, Any]) -> None:
    """Remember the bucket or object that a request names, if it is a request that changes one in place (tags, say)."""
    signed = f"{environ.get('HTTP_AUTHORIZATION', '')}{environ.get('QUERY_STRING', '')}"
    if environ["REQUEST_METHOD"] in ("PUT", "POST", "DELETE") and ("/s3/" in signed or "%2Fs3%2F" in signed):
        bucket, _, key = environ["PATH_INFO"].encode("latin-1").decode(errors="replace").lstrip("/").partition("/")
        touch(bucket, key)
