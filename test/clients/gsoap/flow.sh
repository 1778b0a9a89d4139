# Stubs from the served WSDLs of both services, compiled with the flow, in $WORK: of the SOAP 1.1 ports, and of those
# of SOAP 1.2, which gSOAP takes where it sees them.
set -eu
here=$PWD

compile() {
  mkdir "$WORK/$1"
  cd "$WORK/$1"
  wsdl2h -t "$here/typemap.dat" -o lpw.h "$T04_URL?$2" "$UTILITY_URL?$2"
  # -s: what the schema does not allow in an answer is an error.
  soapcpp2 -C -j -s -w -x lpw.h
  # shellcheck disable=SC2046
  g++ -w -I. -o flow "$here/flow.cpp" soapC.cpp soap*Proxy.cpp $(pkg-config --cflags --libs gsoapssl++)
}

total=0
for port in "1.1 wsdl" "1.2 wsdl=1.2"; do
  # shellcheck disable=SC2086
  (compile $port) >"$WORK/log" 2>&1 || { cat "$WORK/log"; exit 1; }
  checks=$("$WORK/${port%% *}/flow") || { echo "$checks"; exit 1; }
  total=$((total + checks))
done
(cd "$here" && node ../page.mjs cpp.md gSOAP) || exit 1
echo "ok, $((total + 1)) checks"
