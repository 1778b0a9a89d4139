#!/bin/sh
# page.sh PAGE: does in $WORK/page what a page of docs/clients says, word for word but for the address, the caller and
# what is asked for. The course of the flow and its participants must be in what it prints.
set -eu
page=$1
mkdir "$WORK/page"

# The page's blocks of a language, without what is done already.
blocks() {
  sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/p" "$page" | grep -v -e '^```' -e '^apt-get ' | sed \
    -e "s|http://127.0.0.1:8080/cxf/AdresslistaFetcher|$T04_URL|g" \
    -e "s|setTicket(\"demo\")|setTicket(\"$PORTAL_TICKET\")|" \
    -e "s|setCaller(\"demo\")|setCaller(\"$PORTAL_CALLER\")|" \
    -e "s| LVUX 262\$| $FACT_INSTITUTION $FACT_TERMIN|"
}
blocks java >"$WORK/page/Deltagare.java"
blocks sh >"$WORK/page/page.sh"
(cd "$WORK/page" && sh -eu page.sh) >"$WORK/page/said" 2>&1 || { cat "$WORK/page/said" >&2; exit 1; }

names=$(printf '%s' "$FACT_EFTERNAMN" | tr '|' '\n')
printf '%s\n' "$FACT_KURSKOD $FACT_BENAMNING" "$names" | while read -r expected; do
  grep -qF -- "$expected" "$WORK/page/said" || { echo "$page: prints no $expected:" >&2; cat "$WORK/page/said" >&2; exit 1; }
done
