# Stubs from the served WSDL, compiled with the flow, in $WORK. Mono's svcutil writes no message contracts (Wrappers.cs)
# and no configuration: the bindings stand in Program.cs. UtilityFetcher is called by the stubs of wsdl, ../dotnet-wsdl.
set -eu
here=$PWD
cd "$WORK"
for query in wsdl wsdl=1.2; do
  svcutil -noLogo "-out:$query.cs" "$T04_URL?$query" >generated.log 2>&1 || { cat generated.log; exit 1; }
done
# The contract is the same, and the binding is the portal's choice.
cmp wsdl.cs wsdl=1.2.cs
mcs -nologo -warnaserror -out:flow.exe -r:System.ServiceModel.dll -r:System.Runtime.Serialization.dll \
  wsdl.cs "$here/Wrappers.cs" "$here/Program.cs" "$here/../dotnet-wsdl/Flow.cs" "$here/../dotnet-wsdl/Check.cs"
mono flow.exe
cp "$here/Wrappers.cs" .
cd "$here"
exec node ../page.mjs dotnet.md svcutil
