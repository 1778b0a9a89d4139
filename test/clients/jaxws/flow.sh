#!/bin/sh
# Classes of the served WSDLs by wsimport, of the one with a port for SOAP 1.2 too (package soap12), compiled with
# Flow.java, and run. "probe" says whether all is there for it.
set -eu
classpath=/usr/share/java/jaxws-rt.jar

if [ "${1:-}" = probe ]; then
  command -v javac >/dev/null
  exec wsimport -version
fi

stubs=$WORK/stubs
mkdir "$stubs"
wsimport -quiet -keep -Xnocompile -d "$stubs" "$T04_URL?wsdl"
wsimport -quiet -keep -Xnocompile -d "$stubs" "$UTILITY_URL?wsdl"
# SOAP 1.2 ports are an extension to wsimport, whatever the WSDL says.
wsimport -extension -quiet -keep -Xnocompile -p soap12 -d "$stubs" "$T04_URL?wsdl=1.2"
find "$stubs" -name '*.java' >"$WORK/sources"
javac -nowarn -Xlint:none -encoding UTF-8 -cp "$classpath" -d "$WORK/classes" "@$WORK/sources" ../java/Check.java Flow.java \
  2>"$WORK/javac" || { cat "$WORK/javac" >&2; exit 1; }
sh ../java/page.sh ../../../docs/clients/jaxws-cxf.md
exec java -cp "$classpath:$WORK/classes" Flow
