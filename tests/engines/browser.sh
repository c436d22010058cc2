#!/usr/bin/env bash
# Installs Chromium for tests/graph.rs where there is none: Debian's package, which takes root. One line goes to stdout, as in setup.py;
# the exit code is 0 also when it was skipped, unless CI=true.
set -uo pipefail

for name in chromium chromium-browser google-chrome; do
  if command -v "$name" > /dev/null; then
    echo "ready: browser: $name"
    exit 0
  fi
done
if command -v apt-get > /dev/null && [ "$(id -u)" = 0 ]; then
  export DEBIAN_FRONTEND=noninteractive
  if { timeout 300 apt-get update && timeout 900 apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } >&2; then
    echo "ready: browser: chromium"
    exit 0
  fi
fi
echo "skipped: browser: no Chromium on the PATH, and it can't be installed here"
[ "${CI:-}" != true ]
