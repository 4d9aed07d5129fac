"""S3's backend: moto's, with each request's changes on disk before its response.

A change that can't be written is undone: memory goes back to the content of the disk, which is what
was last acknowledged.
"""

import threading
from pathlib import Path
from typing import Any

from moto.s3.models import FakeBucket, FakeKey, FakeMultipart, S3Backend, s3_backends

from local_aws.kept import disk, state

_changed = threading.local()  # the thread that received a request also responds
_writing = threading.Lock()  # without it, an older content could replace a newer one


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
        """Store an object; copies and finished multipart uploads are also stored here."""
        touch(bucket_name, key_name)
        made = super().put_object(bucket_name, key_name, *args, **kwargs)
        vars(_changed).setdefault("made", []).append(made)
        return made

    def complete_multipart_upload(
        self, bucket_name: str, multipart_id: str, body: Any
    ) -> FakeKey | None:
        """Make an object of an upload's parts, which are dropped when it is on disk."""
        uploads = self.get_bucket(bucket_name).multiparts
        upload = uploads.get(multipart_id)
        if upload:
            upload.dispose = lambda: None
            vars(_changed).setdefault("finished", []).append((uploads, upload))
        return super().complete_multipart_upload(bucket_name, multipart_id, body)

    def delete_object(self, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:
        """Delete an object."""
        touch(bucket_name, key_name)
        return super().delete_object(bucket_name, key_name, *args, **kwargs)


def touch(bucket: str, key: str = "") -> None:
    """Remember that this thread's request may have changed a key, or the bucket itself."""
    vars(_changed).setdefault("things", set()).add((bucket, key))


def keep() -> None:
    """Write this thread's changes to disk: all of them, or undo them.

    Raises:
        OSError: the state directory can't be written.
    """
    changed = dict(vars(_changed))
    vars(_changed).clear()
    things, made = sorted(changed.get("things", ())), changed.get("made", [])
    try:
        with _writing:
            try:
                disk.replace_all({_file(*thing): _content(*thing) for thing in things})
            except BaseException:
                for bucket, key in things:
                    _undo_object(bucket, key, made) if key else _undo_bucket(bucket)
                _take_back(changed.get("finished", ()))
                raise
    finally:
        for uploads, upload in changed.get("finished", ()):
            vars(upload).pop("dispose", None)
            if upload.id not in uploads:
                upload.dispose()


def restore() -> None:
    """Restore the buckets and objects from disk, without earlier versions of objects."""
    backend = s3_backends[state.ACCOUNT]["aws"]
    for header, _ in disk.load("s3", "buckets"):
        _restore_bucket(backend, header)
    for header, content in disk.load("s3", "objects"):
        if header["bucket"] in backend.buckets:
            _restore_object(backend, header, content)


def _file(bucket: str, key: str) -> Path:
    """Return the file of a bucket or object."""
    return disk.path_of("s3", *(("objects", bucket, key) if key else ("buckets", bucket)))


def _content(bucket_name: str, key_name: str) -> tuple[dict[str, Any], bytes] | None:
    """Return what is kept of a bucket or object in its present state; None if it doesn't exist."""
    bucket = s3_backends[state.ACCOUNT]["aws"].buckets.get(bucket_name)
    key = bucket.keys.get(key_name) if bucket else None
    if key_name:
        return (_describe_object(key), key.value) if isinstance(key, FakeKey) else None
    if not bucket:
        return None
    policy = bucket.policy.decode() if bucket.policy else None
    header = {"name": bucket_name, "region": bucket.region_name, "created": bucket.creation_date}
    return header | {"versioning": bucket.versioning_status, "policy": policy}, b""


def _undo_bucket(name: str) -> None:
    """Reset a bucket in memory to its content on disk."""
    backend, kept = s3_backends[state.ACCOUNT]["aws"], disk.read(_file(name, ""))
    if kept:
        _restore_bucket(backend, kept[0])
    elif name in backend.buckets and not backend.buckets[name].keys:
        S3Backend.delete_bucket(backend, name)


def _undo_object(bucket_name: str, key_name: str, made: list[FakeKey]) -> None:
    """Reset an object to its content on disk, unless another request has replaced it meanwhile."""
    backend, kept = s3_backends[state.ACCOUNT]["aws"], disk.read(_file(bucket_name, key_name))
    bucket = backend.buckets.get(bucket_name)
    if bucket is None:
        return
    latest = bucket.keys.get(key_name)
    if kept and latest not in made and _is(latest, kept[0]):
        _restore_members(backend, latest, kept[0])
    # Written, deleted, or marked as deleted
    elif latest in made or not isinstance(latest, FakeKey):
        versions = [key for key in bucket.keys.getlist(key_name, []) if key not in made]
        while kept and versions and not isinstance(versions[-1], FakeKey):
            versions.pop()
        bucket.keys.setlist(key_name, versions)
        if kept and not (versions and _is(versions[-1], kept[0])):
            _restore_object(backend, *kept)
        elif not versions:
            dict.pop(bucket.keys, key_name)


def _is(key: Any, header: dict[str, Any]) -> bool:
    """Say whether a version in memory is the one on disk."""
    return isinstance(key, FakeKey) and (key.etag.strip('"'), key.last_modified) == (
        header["etag"],
        header["modified"],
    )


def _take_back(finished: list[tuple[dict[str, FakeMultipart], FakeMultipart]]) -> None:
    """Let uploads whose object could not be written be finished again."""
    for uploads, upload in finished:
        uploads[upload.id] = upload


def _describe_object(key: FakeKey) -> dict[str, Any]:
    """Return what is kept of an object besides its content."""
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


def _restore_bucket(backend: S3Backend, header: dict[str, Any]) -> None:
    """Restore a bucket without its objects."""
    bucket = backend.buckets.get(header["name"]) or S3Backend.create_bucket(
        backend, header["name"], header["region"]
    )
    bucket.creation_date, bucket.versioning_status = header["created"], header["versioning"]
    bucket.policy = header["policy"].encode() if header["policy"] else None


def _restore_object(backend: S3Backend, header: dict[str, Any], content: bytes) -> None:
    """Restore one object."""
    key = S3Backend.put_object(
        backend,
        header["bucket"],
        header["key"],
        content,
        storage=header["storage"],
        etag=header["etag"],
        encryption=header["encryption"],
        disable_notification=True,
    )
    _restore_members(backend, key, header)


def _restore_members(backend: S3Backend, key: FakeKey, header: dict[str, Any]) -> None:
    """Restore what is kept of an object besides its content."""
    key.last_modified = header["modified"]
    key.set_metadata(header["metadata"], replace=True)
    key.checksum_algorithm, key.checksum_value = header["checksum"]
    backend.tagger.delete_all_tags_for_resource(key.arn)
    if header["tags"]:
        backend.put_object_tagging(key, header["tags"])


def touch_request(environ: dict[str, Any]) -> None:
    """Remember the bucket or object that a request may change in place, such as its tags."""
    signed = f"{environ.get('HTTP_AUTHORIZATION', '')}{environ.get('QUERY_STRING', '')}"
    if environ["REQUEST_METHOD"] in ("PUT", "POST", "DELETE") and (
        "/s3/" in signed or "%2Fs3%2F" in signed
    ):
        bucket, _, key = (
            environ["PATH_INFO"]
            .encode("latin-1")
            .decode(errors="replace")
            .lstrip("/")
            .partition("/")
        )
        touch(bucket, key)
