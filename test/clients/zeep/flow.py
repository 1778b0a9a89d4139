"""T04's flow with Python's zeep, from the served WSDL: institution and term, course, occasions, participants."""

import os
import sys

import zeep

import utility

CHECKS = 0


def check(got, expected, what):
    global CHECKS
    CHECKS += 1
    if got != expected:
        sys.exit(f"zeep: {what}: expected {expected!r}, got {got!r}")


def fact(name):
    return os.environ["FACT_" + name]


def facts(name):
    return fact(name).split("|")


def user(ticket=os.environ["PORTAL_TICKET"]):
    return {
        "uid": os.environ["PORTAL_UID"],
        "type": "2",
        "authinfovo": {"caller": os.environ["PORTAL_CALLER"], "ticket": {"ticket": ticket}},
    }


def flow(client):
    service = client.service
    term = {"Termin": fact("TERMIN")}

    kurser = service.getKurs(user(), {"Institution": fact("INSTITUTION"), **term})
    check(kurser.valid, True, "getKurs valid")
    check([k.Kurskod for k in kurser.KursInfoVO], facts("KURSKODER"), "course codes")
    check(kurser.NoEmailList, [], "NoEmailList of getKurs is absent")
    kurs = next(k for k in kurser.KursInfoVO if k.Kurskod == fact("KURSKOD"))
    check(kurs.Benamning, fact("BENAMNING"), "name of the course")
    check(kurs.EngBenamning, None, "EngBenamning is absent")

    tillfallen = service.getKursTf(user(), {"Kurskod": fact("KURSKOD"), **term})
    check([t.typ for t in tillfallen.KursTfVO], facts("TYPER"), "kinds of occasions")
    check(tillfallen.KursTfVO[0].Anmkod, fact("ANMKOD"), "Anmkod of the first occasion")

    lista = service.getAdrLista(user(), {"KursTfVO": tillfallen.KursTfVO[:1], "Email": True})
    check((lista.valid, lista.Email, lista.FFG), (True, True, False), "valid, Email, FFG")
    check(len(lista.AdrListEntVO), int(fact("PERSONER")), "number of persons")
    check([e.PersonVO[0].enamn for e in lista.AdrListEntVO], facts("EFTERNAMN"), "surnames")
    check([e.PersonVO[0].tnamn for e in lista.AdrListEntVO], facts("FORNAMN"), "first names")
    check(lista.EmailList, facts("EMAIL"), "EmailList")
    check(lista.NoEmailList, facts("NOEMAIL"), "NoEmailList")
    check({(m.level, m.key) for m in lista.messages}, {("INFO", "adresslista.containsinvalidssn")}, "messages")
    check([v for m in lista.messages for v in m["values"]], facts("OGILTIGA"), "incorrect numbers")
    check(lista.messages[0].log, "Felaktigt personnummer, " + facts("OGILTIGA")[0], "log of the first message")

    ensam = service.getKursTf(user(), {"Kurskod": fact("ENSAM_KURSKOD"), **term})
    check(len(ensam.KursTfVO), 1, "one occasion")
    ensam_lista = service.getAdrLista(user(), {"KursTfVO": ensam.KursTfVO})
    check([e.PersonVO[0].enamn for e in ensam_lista.AdrListEntVO], [fact("ENSAM_EFTERNAMN")], "the one participant")

    tom = service.getKurs(user(), {"Institution": fact("TOM_INSTITUTION"), **term})
    check((tom.valid, tom.KursInfoVO, tom.messages), (True, [], []), "no courses")

    refused = service.getKurs(user(), term)
    check(refused.valid, False, "no Institution: valid")
    check(
        [(m.level, m.key, m["values"]) for m in refused.messages],
        [("ERROR", "general.missingparameter", ["Institution"])],
        "no Institution: messages",
    )
    unknown = service.getKurs(user("fel"), {"Institution": fact("INSTITUTION")})
    check((unknown.valid, unknown.messages[0].key), (False, "auth.failed"), "wrong ticket")


def fault(binding, client, code):
    # An operation that the WSDL does not have: its envelope is another one's, renamed.
    envelope = client.create_message(client.service, "getKurs", user())
    call = envelope.find(".//{*}getKurs")
    call.tag = call.tag.replace("getKurs", "getNothing")
    try:
        operation = client.service._binding.get("getKurs")
        answer = client.transport.post_xml(client.service._binding_options["address"], envelope, binding)
        client.service._binding.process_reply(client, operation, answer)
        check("no fault", code, "an operation that does not exist")
    except zeep.exceptions.Fault as error:
        check(error.code.split(":")[-1], code, "faultcode")
        check(bool(error.message.strip()), True, "a sentence")


T04 = os.environ["T04_URL"]
soap11 = zeep.Client(T04 + "?wsdl")
flow(soap11)
fault({"SOAPAction": '""', "Content-Type": "text/xml; charset=utf-8"}, soap11, "Client")
both = zeep.Client(T04 + "?wsdl=1.2", port_name="AdresslistaFacadeClientPort12")
flow(both)
fault({"Content-Type": "application/soap+xml; charset=utf-8"}, both, "Sender")
utility.flow(soap11, user(), check)
print(f"ok, {CHECKS} checks (zeep {zeep.__version__})")
