#!/bin/sh
# Starts the PostgreSQL of compose.yaml once its administrator's password is there (made by `guichet provision`).
set -eu
file=${POSTGRES_PASSWORD_FILE:-/run/guichet/password}
waited=0
until test -s "$file"; do
    waited=$((waited + 1))
    test "$waited" -le 300 || { echo "no $file after a minute: does the guichet container run?" >&2; exit 1; }
    sleep 0.2
done
exec docker-entrypoint.sh "$@"
