#!/usr/bin/env bash
# All tests. Sets up what they need first: the engines' own Python packages, in virtual environments below target/engines (once).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p target/engines
said=target/engines/setup.txt
trap 'grep "^skipped: " "$said" || true' EXIT
python3 tests/engines/setup.py kubeflow argo airflow airflow2 prefect dagster precommit | tee "$said"
bash tests/engines/browser.sh | tee -a "$said"
cargo test --locked --no-fail-fast "$@"
