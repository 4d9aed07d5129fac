"""moto's S3, its buckets and objects kept on disk."""
