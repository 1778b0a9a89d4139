# Stubs from the served WSDLs of both services, compiled with the flow, in $WORK: over SOAP 1.1, then over SOAP 1.2.
set -eu
here=$PWD
cd "$WORK"

generate() {
  wsdl -nologo "$@" >generated.log 2>&1 || { cat generated.log; exit 1; }
}

checks=0
flow() {
  mcs -nologo -warnaserror "-out:$1.exe" -r:System.Web.Services.dll \
    "$1.cs" Utility.cs "$here/Flow.cs" "$here/Check.cs" "$here/Program.cs"
  mono "$1.exe" >"$1.log" 2>&1 || { echo "$1:"; cat "$1.log"; exit 1; }
  checks=$((checks + $(sed -n 's/^ok, \([0-9]*\) checks$/\1/p' "$1.log")))
}

generate -namespace:Utility -out:Utility.cs "$UTILITY_URL?wsdl"
generate -out:Soap11.cs "$T04_URL?wsdl"
flow Soap11
generate -protocol:Soap12 -out:Soap12.cs "$T04_URL?wsdl=1.2"
flow Soap12
# Who does not ask for SOAP 1.2 gets the same stubs from the WSDL that has it.
generate -out:Default.cs "$T04_URL?wsdl=1.2"
cmp Soap11.cs Default.cs
(cd "$here" && node ../page.mjs dotnet.md wsdl)
echo "ok, $((checks + 1)) checks"
