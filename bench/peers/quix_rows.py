"""Quix Streams with its PostgreSQL sink: rows of one table. Nothing is decoded: that is left to the statement after."""

import os
from urllib.parse import parse_qs, unquote, urlsplit

from quixstreams import Application, message_context
from quixstreams.kafka.configuration import ConnectionConfig
from quixstreams.sinks.community.postgresql import PostgreSQLSink

from job import Job

job = Job()
database = urlsplit(job.database)
application = Application(
    ConnectionConfig(
        bootstrap_servers=job.bootstrap,
        security_protocol="sasl_plaintext",
        sasl_mechanism=job.mechanism,
        sasl_username=job.username,
        sasl_password=job.password,
    ),
    consumer_group=job.group,
    auto_offset_reset="earliest",
    commit_every=job.batch,
    state_dir=os.environ["BENCH_SCRATCH"],
    loglevel="WARNING",
)
sink = PostgreSQLSink(
    host=parse_qs(database.query)["host"][0],
    port=5432,
    dbname=database.path.lstrip("/"),
    user=database.username,
    password=unquote(database.password),
    table_name="bench_row",
    schema_auto_update=False,
    include_metadata=False,
)


def row(value):
    context = message_context()
    return {"partition": context.partition, "record_offset": context.offset, "value": value}


frame = application.dataframe(application.topic(job.topic, value_deserializer="string"))
frame.apply(row).sink(sink)

if __name__ == "__main__":
    application.run(count=job.records)
