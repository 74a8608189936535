#!/usr/bin/env bash
# Prints the directory of PostgreSQL's programs, and installs them where there are none: the
# ledger is tested on a real server, which the tests start on a free port and stop again.
# Prints nothing where that cannot be done; those tests then say so and are left out.
set -eu
cd "$(dirname "$0")/.."

readonly INSTALL_TIMEOUT_S=300

say() { echo "postgres: $*" >&2; }

find_installed() {
  local path
  for path in "${POSTGRES_BIN:-}" "$(dirname "$(command -v postgres 2>/dev/null || echo /nowhere/-)")" \
    $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do
    if [ -x "$path/postgres" ] && [ -x "$path/initdb" ]; then
      echo "$path"
      return 0
    fi
  done
  return 1
}

root_prefix() {
  if [ "$(id -u)" -eq 0 ]; then
    return 0
  fi
  sudo -n true 2>/dev/null && echo "sudo -n"
}

install_with_apt() {
  local prefix
  command -v apt-get >/dev/null 2>&1 || return 1
  prefix=$(root_prefix) || return 1
  say "no server found; installing the package postgresql, without starting one ..."
  $prefix mkdir -p /etc/postgresql-common
  [ -e /etc/postgresql-common/createcluster.conf ] ||
    echo "create_main_cluster = false" | $prefix tee /etc/postgresql-common/createcluster.conf >/dev/null
  timeout "$INSTALL_TIMEOUT_S" $prefix apt-get update -q >&2
  timeout "$INSTALL_TIMEOUT_S" $prefix env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends postgresql >&2
}

find_installed && exit 0
install_with_apt && find_installed && exit 0
say "no PostgreSQL could be found or installed: the ledger is tested on SQLite alone"
