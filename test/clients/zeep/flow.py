"""T04's flow with Python's zeep, from the served WSDL: institution and term, course, occasions, participants."""

import sys

import zeep

url, institution, termin = sys.argv[1:4]
client = zeep.Client(url + "?wsdl")
user = {
    "uid": "larare1",
    "type": "2",
    "valid": True,
    "numberOfErrors": 0,
    "authinfovo": {"caller": "demo", "ticket": {"ticket": "demo"}},
}


def check(claim, what):
    if not claim:
        sys.exit("zeep: " + what)


kurser = client.service.getKurs(user, {"Institution": institution, "Termin": termin})
check(kurser.valid is True, "getKurs is not valid")
check(len(kurser.KursInfoVO) > 1, "getKurs gives no courses")
check(any(set("åäöÅÄÖ") & set(k.Benamning or "") for k in kurser.KursInfoVO), "no course name has å, ä or ö")

listed = 0
swedish_letters = False
for kurs in kurser.KursInfoVO:
    tillfallen = client.service.getKursTf(user, {"Kurskod": kurs.Kurskod, "Termin": termin})
    check(tillfallen.valid is True, "getKursTf is not valid")
    check(tillfallen.KursInfoVO[0].Kurskod == kurs.Kurskod, "getKursTf does not tell its course")
    if not tillfallen.KursTfVO:
        continue
    lista = client.service.getAdrLista(
        user, {"KursTfVO": tillfallen.KursTfVO, "Email": True, "OM": True}
    )
    check(lista.valid is True, "getAdrLista is not valid")
    check(lista.Email is True and lista.OM is True and lista.FO is False, "booleans are not returned")
    for entry in lista.AdrListEntVO:
        listed += 1
        check(entry.Regtyp in ("FFG", "FO", "OM"), "a Regtyp is unknown")
        check(len(entry.PersonVO) == 1, "an entry has not exactly one person")
        check(len(entry.PersonVO[0].pnr) == 10, "a personnummer has not ten characters")
        swedish_letters = swedish_letters or bool(set("åäö") & set(entry.PersonVO[0].enamn or ""))
    check(
        len(lista.EmailList) + len(lista.NoEmailList) <= len(lista.AdrListEntVO),
        "more e-mail entries than persons",
    )
check(listed > 50, "the flow finds hardly anyone")
check(swedish_letters, "no surname has å, ä or ö")

refused = client.service.getKurs(user, {"Termin": termin})
check(refused.valid is False, "a missing Institution is valid")
check(refused.messages[0].key == "general.missingparameter", "a missing Institution gets another message")
check(refused.messages[0]["values"] == ["Institution"], "the message does not name Institution")
print("zeep", zeep.__version__, "listed", listed)
