#!/usr/bin/env bash
# What systemd itself says of the units in deploy/: that they are right, and how much a broken program in them could do.
set -euo pipefail
cd "$(dirname "$0")/../../deploy/systemd"

# Tenths of systemd's exposure level, 0 to 100: the units have 13, 14 and 7.
MOST_EXPOSURE=15

command -v systemd-analyze >/dev/null || { echo "verify.sh: systemd-analyze is missing (Debian: systemd)" >&2; exit 1; }

said=$(systemd-analyze verify ./*.service ./*.socket ./*.timer 2>&1) || true
[ -z "$said" ] || { printf 'systemd-analyze verify:\n%s\n' "$said" >&2; exit 1; }

for unit in *.service; do
  systemd-analyze security --offline=true --threshold="$MOST_EXPOSURE" "./$unit" | tail -1
done

for times in $(sed -n 's/^OnCalendar=//p' ./*.timer | tr ' ' '_'); do
  systemd-analyze calendar "${times//_/ }" | grep 'Next elapse'
done
