#!/usr/bin/env bash
# Prints the path of a Chromium that starts, and installs one where there is none.
# Only the path goes to standard output, so: CHROMIUM="$(scripts/browser.sh)".
set -eu
cd "$(dirname "$0")/.."

readonly INSTALL_TIMEOUT_S=600
# The shell draws and runs pages as Chromium does, without the window around them: tests with it
# take less than half the processor time.
readonly SHELL_NAME=chromium-headless-shell
readonly NAMES="$SHELL_NAME chromium chromium-browser google-chrome google-chrome-stable"

say() { echo "browser: $*" >&2; }

# Some names are stand-ins that only tell how to install a browser: ask each for its version.
find_installed() {
  local name path
  for name in "${CHROMIUM:-}" $NAMES; do
    path=$(command -v "${name:-:none}" 2>/dev/null) || continue
    if "$path" --version >/dev/null 2>&1; then
      echo "$path"
      return 0
    fi
  done
  find_playwright
}

find_playwright() {
  local path
  path=$(.venv/bin/python - 2>/dev/null <<'PYTHON'
from playwright.sync_api import sync_playwright

with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
PYTHON
  ) || return 1
  [ -x "$path" ] && "$path" --version >/dev/null 2>&1 && echo "$path"
}

limited() {
  if command -v timeout >/dev/null 2>&1; then
    timeout "$INSTALL_TIMEOUT_S" "$@"
  else
    "$@"
  fi
}

# Prints nothing for root, "sudo -n" where it asks for no password; fails otherwise.
root_prefix() {
  if [ "$(id -u)" -eq 0 ]; then
    return 0
  fi
  sudo -n true 2>/dev/null && echo "sudo -n"
}

install_with_playwright() {
  local dependencies=""
  if root_prefix >/dev/null; then
    dependencies=--with-deps
  fi
  say "no Chromium found; installing Playwright's ..."
  limited .venv/bin/playwright install $dependencies chromium >&2
}

install_with_apt() {
  local prefix
  command -v apt-get >/dev/null 2>&1 || return 1
  prefix=$(root_prefix) || return 1
  say "installing the package $SHELL_NAME, or else chromium ..."
  limited $prefix apt-get update -q >&2
  for package in "$SHELL_NAME" chromium; do
    limited $prefix env DEBIAN_FRONTEND=noninteractive \
      apt-get install -q -y --no-install-recommends "$package" >&2 && return 0
  done
  return 1
}

find_installed && exit 0
install_with_playwright && find_installed && exit 0
install_with_apt && find_installed && exit 0
say "no Chromium could be found or installed: install one and name it with CHROMIUM=...," \
  "or run the tests that need none: .venv/bin/python -m pytest --ignore tests/browser"
exit 1
