#!/bin/sh
# Stubs of the served WSDLs by WSDL2Java, compiled with Flow.java, and run. "probe" says whether all is there for it.
set -eu
java=/usr/share/java
classpath=$java/axis.jar:$java/jaxrpc.jar:$java/saaj.jar:$java/wsdl4j.jar:$java/commons-discovery.jar
classpath=$classpath:$java/commons-logging.jar:$java/commons-httpclient.jar:$java/commons-codec.jar
classpath=$classpath:$java/javax.mail.jar:$java/javax.activation.jar

if [ "${1:-}" = probe ]; then
  command -v javac >/dev/null
  exec java -cp "$classpath" org.apache.axis.Version
fi

stubs=$WORK/stubs
for url in "$T04_URL" "$UTILITY_URL"; do
  java -cp "$classpath" org.apache.axis.wsdl.WSDL2Java -o "$stubs" "$url?wsdl"
done
find "$stubs" -name '*.java' >"$WORK/sources"
javac -nowarn -Xlint:none -encoding UTF-8 -cp "$classpath" -d "$WORK/classes" "@$WORK/sources" ../java/Check.java Flow.java OldList.java \
  2>"$WORK/javac" || { cat "$WORK/javac" >&2; exit 1; }
sh ../java/page.sh ../../../docs/clients/axis.md
exec java -cp "$classpath:$WORK/classes" Flow
