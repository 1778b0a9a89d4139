#!/usr/bin/env bash
# Tries deploy/ and docs/operating.md for real: boots Debian's systemd in a container made of this machine's own files (an
# overlay: nothing of the machine is changed, and its network is not seen), and runs inside.sh there.
# Needs root, systemd-container, openssh-server, and a build in dist/.
set -euo pipefail
cd "$(dirname "$0")/../.."
CHECKOUT=$PWD
LIMIT_SECONDS=180

if [ "$(id -u)" != 0 ] || ! command -v systemd-nspawn >/dev/null; then
  echo "trial.sh: needs root and systemd-nspawn (Debian: systemd-container)" >&2
  exit 1
fi
if ! unshare --mount true 2>/dev/null; then
  echo "trial.sh: SKIPPED: this machine lets even root make no namespaces, so no container can be booted"
  exit 0
fi

# All that is mounted is in a mount namespace of our own, and goes with its process.
if [ "${1:-}" != in-namespace ]; then
  work=$(mktemp -d /tmp/adresslista-trial.XXXXXX)
  code=0
  unshare --mount "$PWD/test/deploy/trial.sh" in-namespace "$work" || code=$?
  rmdir "$work"
  exit "$code"
fi
WORK=$2
mount -t tmpfs none "$WORK"
mkdir "$WORK"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$WORK/upper,workdir=$WORK/work" "$WORK/root"

cat >"$WORK/root/etc/systemd/system/trial.service" <<UNIT
[Unit]
Description=Trial of an installation
[Service]
Type=oneshot
StandardOutput=append:/trial/output
StandardError=append:/trial/output
ExecStart=/opt/adresslista/test/deploy/inside.sh
ExecStopPost=/bin/sh -c 'echo "\$EXIT_STATUS" >/trial/code; systemctl --no-block poweroff 2>/dev/null'
UNIT
# Whatever this machine starts by itself has no place here.
rm -rf "$WORK"/root/etc/systemd/system/*.wants
mkdir "$WORK/trial"
touch "$WORK/trial/output"
tail -f "$WORK/trial/output" &

timeout "$LIMIT_SECONDS" systemd-nspawn --quiet --register=no --keep-unit --private-network --link-journal=no \
  --directory="$WORK/root" --bind-ro="$CHECKOUT:/opt/adresslista" --bind="$WORK/trial:/trial" --boot \
  systemd.unit=trial.service >"$WORK/console" 2>&1 </dev/null || true
sleep 1
kill $!
if [ ! -e "$WORK/trial/code" ]; then
  echo "trial.sh: the container did not come to its end:" >&2
  tail -40 "$WORK/console" >&2
  exit 1
fi
exit "$(cat "$WORK/trial/code")"
