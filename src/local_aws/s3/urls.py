"""S3's addresses: moto's own."""

from moto.s3.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
