"""Fetches Kafka Connect and the Debezium JDBC sink from Maven Central into this environment; leaves a file `classpath`."""

import os
import shutil
import sys
import tarfile
import warnings
from pathlib import Path

with warnings.catch_warnings(action="ignore"):  # remarks about this machine's folders
    import jgo
    from jgo.maven import MavenContext

CONNECT = "org.apache.kafka:connect-runtime:4.4.0+org.apache.kafka:connect-transforms:4.4.0+org.slf4j:slf4j-simple:1.7.36"
DEBEZIUM = "3.6.0.Final"
SOCKETS = "com.kohlschutter.junixsocket:junixsocket-common:2.10.1+com.kohlschutter.junixsocket:junixsocket-native-common:2.10.1"
FOLDER = Path(sys.prefix)
CLASSPATH, PLUGINS = FOLDER / "classpath", FOLDER / "plugins"


def main():
    jars = [str(jar) for jar in jgo.build(CONNECT).all_jars]
    project = MavenContext().project("io.debezium", "debezium-connector-jdbc").at_version(DEBEZIUM)
    with tarfile.open(project.artifact(classifier="plugin", packaging="tar.gz").resolve()) as archive:
        archive.extractall(PLUGINS, filter="data")
    for jar in jgo.build(SOCKETS).all_jars:
        shutil.copy(jar, PLUGINS / "debezium-connector-jdbc")
    CLASSPATH.write_text(os.pathsep.join(jars), encoding="utf-8")


if __name__ == "__main__":
    main()
