#!/usr/bin/env bash
# Rewrites the lock files from pyproject.toml. Universal: one file for every platform and Python.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v uv >/dev/null || { echo "needs uv: pip install uv" >&2; exit 1; }
flags=(--quiet --universal --python-version 3.11 --no-header --no-emit-index-url --no-annotate)
mkdir -p requirements
uv pip compile "${flags[@]}" --generate-hashes pyproject.toml tools/build.in -o requirements/run.txt
uv pip compile "${flags[@]}" --generate-hashes --extra web pyproject.toml tools/build.in \
  -c requirements/run.txt -o requirements/web.txt
uv pip compile "${flags[@]}" --generate-hashes --extra web --group dev pyproject.toml tools/build.in \
  -c requirements/web.txt -o requirements/dev.txt
