#!/usr/bin/env bash
# Runs a command with DATABASE_URL naming a throw-away PostgreSQL, which is removed afterwards.
# The server is Debian's; as root it runs as "postgres". Without it the command is left out, by name,
# except where CI=true. DATABASE_URL as given is used as it is.
set -euo pipefail
if [ -n "${DATABASE_URL:-}" ]; then exec "$@"; fi
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
if [ -z "$bin" ]; then
  echo "PostgreSQL is not installed, so its tests are left out: apt-get install postgresql" >&2
  [ "${CI:-}" != true ]
  exit
fi
folder=$(mktemp -d "${TMPDIR:-/tmp}/reattune-pg.XXXXXX")
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
run() { "$@"; }
if [ "$(id -u)" = 0 ]; then
  chown postgres "$folder"
  run() { (cd / && runuser -u postgres -- "$@"); }
fi
end() {
  run "$bin/pg_ctl" --pgdata "$folder/data" --mode immediate stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap end EXIT
run "$bin/initdb" --pgdata "$folder/data" --username reattune --auth trust --encoding UTF8 \
  --locale C.UTF-8 >/dev/null
run "$bin/pg_ctl" --pgdata "$folder/data" --log "$folder/log" --wait \
  --options "-p $port -k $folder -c listen_addresses=127.0.0.1 -c fsync=off" start >/dev/null
run "$bin/createdb" --host 127.0.0.1 --port "$port" --username reattune reattune
export DATABASE_URL="postgresql://reattune@127.0.0.1:$port/reattune"
"$@"
