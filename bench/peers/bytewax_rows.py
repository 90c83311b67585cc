"""Bytewax from its Kafka source into rows of one table, by COPY. Nothing is decoded: that is left to the statement after."""

import asyncio

import asyncpg
from bytewax import operators
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.run import cli_main

from job import Job

job = Job()


class Rows(StatelessSinkPartition):
    def __init__(self):
        self.rows = []
        self.loop = asyncio.new_event_loop()
        self.connection = self.loop.run_until_complete(asyncpg.connect(job.database))

    def write_batch(self, items):
        self.rows.extend(items)
        if len(self.rows) >= job.batch:
            self.copy()

    def copy(self):
        self.loop.run_until_complete(
            self.connection.copy_records_to_table(
                "bench_row", columns=("partition", "record_offset", "value"), records=self.rows
            )
        )
        self.rows = []

    def close(self):
        self.copy()
        self.loop.run_until_complete(self.connection.close())


class Table(DynamicSink):
    def build(self, _step_id, _worker_index, _worker_count):
        return Rows()


flow = Dataflow("drain")
source = KafkaSource(
    [job.bootstrap],
    [job.topic],
    tail=False,
    add_config={**job.librdkafka(), "enable.partition.eof": "true"},
    batch_size=job.batch,
)
records = operators.input("read", flow, source)
rows = operators.map("row", records, lambda each: (each.partition, each.offset, each.value.decode()))
operators.output("write", rows, Table())

if __name__ == "__main__":
    cli_main(flow)
