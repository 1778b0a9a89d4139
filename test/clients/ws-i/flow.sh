# Compiled in $WORK; the served WSDLs are read there.
set -eu
here=$PWD
cd "$WORK"
mcs -nologo -warnaserror -out:check.exe -r:System.Web.Services.dll "$here/Program.cs" "$here/../dotnet-wsdl/Check.cs"
exec mono check.exe
