#!/bin/sh
# Starts the broker of compose.yaml once its two passwords are there (made by `guichet provision`, kept in a volume).
# Everyone logs in: clients by SCRAM, the administrator and the broker itself by a password of their own.
set -eu
secrets=${GUICHET_SECRETS:-/run/guichet}
for name in admin controller; do
    waited=0
    until test -s "$secrets/$name"; do
        waited=$((waited + 1))
        test "$waited" -le 300 || { echo "no $secrets/$name after a minute: does the guichet container run?" >&2; exit 1; }
        sleep 0.2
    done
done
admin=$(cat "$secrets/admin") controller=$(cat "$secrets/controller")
plain="org.apache.kafka.common.security.plain.PlainLoginModule required"
export KAFKA_LISTENER_NAME_CLIENT_PLAIN_SASL_JAAS_CONFIG="$plain username=\"admin\" password=\"$admin\" user_admin=\"$admin\";"
export KAFKA_LISTENER_NAME_CONTROLLER_PLAIN_SASL_JAAS_CONFIG="$plain username=\"controller\" password=\"$controller\" user_controller=\"$controller\";"
export KAFKA_LISTENER_NAME_CLIENT_SCRAM___SHA___512_SASL_JAAS_CONFIG="org.apache.kafka.common.security.scram.ScramLoginModule required;"
exec /etc/kafka/docker/run
