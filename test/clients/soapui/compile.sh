#!/bin/sh
# Compiles the client to the folder that is named, with the libraries that SoapUI is made of, and prints its class path.
# "probe" says whether all is there for it. XMLBeans has Saxon evaluate XPath, as in SoapUI.
set -eu
libraries=/usr/share/java/wsdl4j.jar:/usr/share/java/xmlbeans.jar:/usr/share/java/Saxon-HE.jar

if [ "$1" = probe ]; then
  command -v javac curl >/dev/null
  exec test -e /usr/share/java/wsdl4j.jar -a -e /usr/share/java/xmlbeans.jar -a -e /usr/share/java/Saxon-HE.jar
fi

javac -nowarn -Xlint:none -encoding UTF-8 -cp "$libraries" -d "$1" ../java/Check.java ./*.java >&2
echo "$libraries:$1"
