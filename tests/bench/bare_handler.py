"""The least a service over HTTP can do to keep a record: parse it, one INSERT, one commit.

`python -m tests.bench.bare_handler URL` serves it with the console's own HTTP server, and prints
its address.
"""

import json
import sys
import threading

import psycopg2
from waitress.server import create_server

from model_monitoring.console.listener import THREADS

_own = threading.local()


def main(url: str) -> None:
    """Serve until the process is ended; each thread has a connection of its own."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        columns = ", ".join(f"c{i} float8" for i in range(32))
        cursor.execute(f"CREATE TABLE bare (id text PRIMARY KEY, {columns})")
    connection.close()
    statement = f"INSERT INTO bare VALUES ({', '.join(['%s'] * 33)})"

    def app(environ: dict, respond) -> list[bytes]:
        size = int(environ["CONTENT_LENGTH"])
        [record] = json.loads(environ["wsgi.input"].read(size))
        values = record["request"]["values"][0] + record["response"]["values"][0]
        if not hasattr(_own, "connection"):
            _own.connection = psycopg2.connect(url)
        with _own.connection as connection, connection.cursor() as cursor:
            cursor.execute(statement, [record["scoring_id"], *values])
        respond("202 ACCEPTED", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]

    server = create_server(app, host="127.0.0.1", port=0, threads=THREADS)
    print(f"http://127.0.0.1:{server.effective_port}", flush=True)
    server.run()


if __name__ == "__main__":
    main(sys.argv[1])
