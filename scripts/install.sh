#!/usr/bin/env bash
# Builds a virtual environment and installs a requirements file into it.
# Usage: scripts/install.sh DIRECTORY REQUIREMENTS   (PYTHON names the interpreter)
set -eu

venv=$1
requirements=$2
python=${PYTHON:-python3}

fail() {
  echo "install: $*" >&2
  exit 1
}

is_new_enough() {
  "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  command -v "$python" >/dev/null 2>&1 ||
    fail "there is no $python here: install Python 3.11 or newer, or name one with PYTHON=..."
  is_new_enough "$python" ||
    fail "$("$python" --version 2>&1) is too old: Python 3.11 or newer is needed; name one with PYTHON=..."
  "$python" -m venv --clear "$venv" ||
    fail "$python cannot build a virtual environment: on Debian and Ubuntu install python3-venv."
fi
is_new_enough "$venv/bin/python" ||
  fail "$venv was made by a Python older than 3.11: delete $venv and try again."

echo "Installing $requirements into $venv ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" ||
  fail "the packages could not be installed: is the package registry within reach?"
