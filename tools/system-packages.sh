#!/usr/bin/env bash
# Installs the Debian packages that some tests need, when it can: as root on Debian. Elsewhere it
# says which are missing and leaves the tests to skip by name.
set -euo pipefail
declare -A needs=([chromium]=chromium [strace]=strace)
missing=()
for command in "${!needs[@]}"; do
  command -v "$command" >/dev/null || missing+=("${needs[$command]}")
done
compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" fonts-dejavu-core >/dev/null
else
  echo "Not installed: ${missing[*]}. Tests that need them are skipped, by name." >&2
  echo "To run them: sudo apt-get install ${missing[*]}" >&2
fi
