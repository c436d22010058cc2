#!/usr/bin/env bash
# All tests. Sets up what they need first: the engines' own Python packages, in virtual environments below target/engines (once).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python3 tests/engines/setup.py kubeflow argo airflow airflow2 prefect dagster precommit
bash tests/engines/browser.sh
cargo test --locked --no-fail-fast "$@"
