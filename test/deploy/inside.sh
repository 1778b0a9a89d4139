#!/usr/bin/env bash
# In the container of trial.sh, which is thrown away afterwards: plays the SFTP server, installs by docs/operating.md, and
# looks at what has come of it.
set -euo pipefail
cd /root
CHECKOUT=/opt/adresslista
PASSWORD='ett långt lösen'
STATE=/var/lib/adresslista

fail() { echo "FAILED: $*"; exit 1; }
ok() { echo "ok: $*"; }
# Is what systemd says of a unit: is adresslista.service Result success
is() {
  local said
  said=$(systemctl show --value --property="$2" "$1")
  [ "$said" = "$3" ] || fail "$1: $2 is $said, not $3"
}

# GotIT's side: OpenSSH's own SFTP server, as the name that the page uses.
echo '127.0.0.1 sftp.example.se' >>/etc/hosts
useradd --create-home --shell /bin/sh kommunen
echo "kommunen:$PASSWORD" | chpasswd
install -d -o kommunen /home/kommunen/export /home/kommunen/.ssh
deliver() { install -o kommunen "$1" "/home/kommunen/export/$2"; touch -d '5 minutes ago' "/home/kommunen/export/$2"; }
deliver "$CHECKOUT/data/sample-export.xml" export-1.xml
install -d /run/sshd
ssh-keygen -A >/dev/null
/usr/sbin/sshd -f /dev/null -o HostKey=/etc/ssh/ssh_host_ed25519_key -o 'Subsystem sftp internal-sftp' -o UsePAM=no

# The blocks of commands of the page, in order; the password stands ready for the one that reads it.
printf '%s\n' "$PASSWORD" >/root/password
mkdir blocks
awk '/^ *```sh internet/ { next } /^ *```sh$/ { n++; on = 1; next } /^ *```$/ { on = 0 } on { sub(/^  /, ""); print > sprintf("blocks/%02d", n) }' \
  "$CHECKOUT/docs/operating.md"
page() {
  local block
  block=$(grep -l -- "$1" blocks/* | head -1)
  [ -n "$block" ] || fail "docs/operating.md has no block with $1"
  sh -eu "$block" </root/password >/root/said 2>&1 || { cat /root/said; fail "the block with: $1 (exit code $?)"; }
  rm "$block"
}

# A page is tried as it stands: block by block, and none is left at the end.
page 'useradd --system'
page 'adresslista.config.json <<'
page 'm 0600 /dev/stdin'
page ssh-keyscan
page 'adresslista check'

page 'cp .*deploy/systemd.*'
is adresslista-reload.service Result success
ok "the load fetched over SFTP in its sandbox, and is served"
adresslista status --json >status.json
grep -q '"export-1.xml"\|export-1.xml' status.json || fail "status does not name the file"

page 'systemctl enable --now'
is adresslista.service ActiveState active
is adresslista-reload.timer ActiveState active

# A call, answered from that load.
call() {
  curl --silent --fail --header 'Content-Type: text/xml' --data-binary @- http://127.0.0.1:8080/cxf/AdresslistaFetcher <<XML
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><getAdrLista xmlns="">
<arg0><authinfovo><caller>portalen</caller><ticket><ticket>$PASSWORD</ticket></ticket></authinfovo><type>2</type><uid>larare</uid></arg0>
<arg1><KursTfVO><typ>FFG</typ><Kurskod>ENGENG05</Kurskod><Starttermin>262</Starttermin></KursTfVO></arg1>
</getAdrLista></s:Body></s:Envelope>
XML
}
call >answer.xml
grep -q '<valid>true</valid>' answer.xml || fail "the call was not answered: $(head -c 400 answer.xml)"
grep -q '<Regtyp>FFG</Regtyp>' answer.xml || fail "the answer has no participants"
ok "the service answers in its sandbox"

# The socket unit: a service that is restarted under calls fails none, since systemd holds their connections.
page 'adresslista.socket'
call | cmp - answer.xml || fail "by the socket unit something else is answered"
: >failed
while [ ! -e restarted ]; do call >during.xml && cmp --silent during.xml answer.xml || echo x >>failed; done &
calls=$!
for _ in 1 2 3; do systemctl restart adresslista.service; done
touch restarted
wait "$calls"
[ ! -s failed ] || fail "calls failed while the service was restarted: $(wc -l <failed)"
ok "restarts under calls, without a failed one"

page 'admin.conf'
grep -q '^adresslista_generation 1$' said || fail "the metrics: $(cat said)"
page 'audit --since'
grep -q 'AdresslistaFetcher.getAdrLista .*ENGENG05.* persons  valid' said || fail "the audit log: $(cat said)"
grep -q '"caller":"portalen"' said || fail "the audit log as JSON: $(cat said)"
ok "monitoring, and the audit log"

# Whose files are whose.
find $STATE -type f ! -name '*.status.json' ! -perm 0600 | grep . && fail "readable to others"
[ "$(stat -c '%U %a' $STATE/adresslista.status.json)" = 'adresslista 640' ] || fail "the status file: $(ls -l $STATE/adresslista.status.json)"
[ "$(stat -c '%U:%G %a' $STATE)" = 'adresslista:adresslista 750' ] || fail "the state folder: $(ls -ld $STATE)"
find $STATE /etc/adresslista ! -user adresslista ! -user root | grep . && fail "somebody else's"
grep -rlF "$PASSWORD" $STATE /etc/adresslista | grep -v sftp-password | grep . && fail "the password stands somewhere"
journalctl --no-pager | grep -qF "$PASSWORD" && fail "the password is in the journal"
ok "files are the user's alone, and the password stands nowhere else"

# What the sandbox of the running service is, by the kernel's own account.
pid=$(systemctl show --value --property=MainPID adresslista.service)
grep -qx 'NoNewPrivs:	1' /proc/$pid/status || fail "NoNewPrivs"
grep -qx 'Seccomp:	2' /proc/$pid/status || fail "Seccomp"
grep -qx 'CapBnd:	0000000000000000' /proc/$pid/status || fail "CapBnd"
tr '\0' '\n' </proc/$pid/environ | grep -q SFTP && fail "the service is shown the password's file"
ok "no new privileges, system calls filtered, no capabilities"

# Two serving processes work in the sandbox too.
mkdir -p /etc/systemd/system/adresslista.service.d
printf '[Service]\nEnvironment=ADRESSLISTA_WORKERS=2\n' >/etc/systemd/system/adresslista.service.d/workers.conf
systemctl daemon-reload
systemctl restart adresslista.service
curl --silent --fail --retry 10 --retry-connrefused --output /dev/null http://127.0.0.1:8080/health
call | cmp - answer.xml || fail "workers answer something else"
systemctl stop adresslista.service
is adresslista.service Result success
is adresslista.service ExecMainStatus 143
systemctl start adresslista.service
ok "workers; stopped with 143, which is no failure"

# A load that fails: the unit fails, the alarm goes off, the service answers as before.
head -c 200000 "$CHECKOUT/data/sample-export.xml" >cut.xml
deliver cut.xml export-2.xml
systemctl start adresslista-reload.service && fail "a cut export was loaded"
is adresslista-reload.service ExecMainStatus 6
sleep 1
journalctl --no-pager --priority=alert | grep -q 'adresslista-reload failed' || fail "no alarm"
curl --silent --fail --retry 10 --retry-connrefused --output /dev/null http://127.0.0.1:8080/health
call | cmp - answer.xml || fail "a failed load has changed the answers"
rm /home/kommunen/export/export-2.xml
ok "a load that fails sets off the alarm and changes nothing"

# The timer's own start, at a time that page sets; systemd agrees with what it means.
page 'time.conf'
systemctl show adresslista-reload.timer | grep -q 'OnCalendar=\*-\*-\* 21:15:00 Europe/Stockholm' || fail "the drop-in of the timer"

page 'key.conf'
install -o kommunen -m 0600 /etc/adresslista/sftp-key.pub /home/kommunen/.ssh/authorized_keys
# The export of day N of November: other names.
export_of() { sed "s/<family>/<family>Dag $1 /; s/2026-11-24T02:15:00/2026-11-$1T02:15:00/" "$CHECKOUT/data/sample-export.xml"; }
export_of 25 >export.xml
deliver export.xml export-3.xml
systemctl start adresslista-reload.service || fail "the load with a key: $(journalctl --no-pager -n 5 -u adresslista-reload.service)"
call >changed-answer.xml
cmp --silent answer.xml changed-answer.xml && fail "the new load is not served"
rm /etc/systemd/system/adresslista-reload.service.d/key.conf
systemctl daemon-reload
ok "a load with a key, which the running service takes up by itself"

page 'status --json'
export_of 25 | sed 's/02:15:00/03:15:00/; s/<family>Dag/<family>Samma dag/' >export.xml
deliver export.xml export-3b.xml
page 'reload --force'
call | cmp - changed-answer.xml || fail "rollback does not serve the load before"

# Cron's line as cron runs it: as the user, with next to no environment.
page 'cron.d/adresslista'
line=$(grep '^[0-9]' /etc/cron.d/adresslista | cut -d' ' -f7-)
[ "$(grep '^[0-9]' /etc/cron.d/adresslista | cut -d' ' -f6)" = adresslista ] || fail "cron: the user"
case $line in *%*) fail "cron: a per cent sign ends the line" ;; esac
as_cron() {
  (cd $STATE && setpriv --reuid=adresslista --regid=adresslista --clear-groups --no-new-privs env -i SHELL=/bin/sh \
    "$(grep '^PATH=' /etc/cron.d/adresslista)" LOGNAME=adresslista HOME=$STATE /bin/sh -c "$line")
}
export_of 26 >export.xml
deliver export.xml export-4.xml
said=$(as_cron 2>&1) || true
[ -z "$said" ] || fail "cron mails after a load that went well: $said"
call | grep -q '<enamn>Dag 26 ' || fail "what cron loaded is not served"
deliver cut.xml export-5.xml
said=$(as_cron 2>&1) || true
case $said in *'exit code 6'*) ;; *) fail "cron says nothing of a load that failed: $said" ;; esac
ok "cron's line: silent when it goes well, a mail when not"

rm /home/kommunen/export/export-5.xml
page 'cp /opt/adresslista/deploy'
curl --silent --fail --retry 10 --retry-connrefused --output /dev/null http://127.0.0.1:8080/health
left=$(ls blocks)
[ -z "$left" ] || fail "blocks of the page that were not tried: $(cat blocks/*)"
ok "every block of docs/operating.md was run"
