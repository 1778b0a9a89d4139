"""T04's flow with suds from the served WSDL, in the two ways that portals use it: objects of the client's factory, and
dicts; the portal's ticket in authinfovo, and as a WS-Security user name."""

import logging
import os
import sys

import suds
from suds.client import Client
from suds.wsse import Security, UsernameToken

# suds logs each fault with the whole request, ticket and all, at level ERROR.
logging.getLogger("suds").setLevel(logging.CRITICAL)

checks = 0


def same(what, expected, got):
    global checks
    if expected != got:
        sys.exit(f"{what}\n  expected: {expected!r}\n  got:      {got!r}")
    checks += 1


def fact(name):
    return os.environ["FACT_" + name]


def texts(objects, name):
    return "|".join(getattr(one, name, "") for one in objects)


def listed(answer, name):
    """What is absent, an empty list too, is no attribute of the answer."""
    return getattr(answer, name, [])


def client(url, **options):
    # No cache: an earlier WSDL of the same address would be tested in place of the served one.
    return Client(url + "?wsdl", cache=None, **options)


def user(ticket=os.environ["PORTAL_TICKET"]):
    return {
        "uid": os.environ["PORTAL_UID"],
        "type": "2",
        "authinfovo": {"caller": os.environ["PORTAL_CALLER"], "ticket": {"ticket": ticket}},
    }


class Factory:
    """Objects of the WSDL's types, made by the client: they have all fields, the lists as empty ones."""

    def __init__(self, t04):
        self.name = "factory"
        self.client = t04

    def user(self, ticket):
        create = self.client.factory.create
        user = create("userVO")
        user.uid = os.environ["PORTAL_UID"]
        user.type = "2"
        user.authinfovo = create("authInfoVO")
        user.authinfovo.caller = os.environ["PORTAL_CALLER"]
        user.authinfovo.ticket = create("ticketVO")
        user.authinfovo.ticket.ticket = ticket
        return user

    def call(self, operation, arg1, ticket=os.environ["PORTAL_TICKET"]):
        lista = self.client.factory.create("adrListVO")
        for name, value in arg1.items():
            lista[name] = value
        return getattr(self.client.service, operation)(self.user(ticket), lista)


class Dicts:
    def __init__(self, t04):
        self.name = "dicts"
        self.client = t04

    def call(self, operation, arg1, ticket=os.environ["PORTAL_TICKET"]):
        return getattr(self.client.service, operation)(arg0=user(ticket), arg1=arg1)


class Header:
    """The portal's name and ticket in a WS-Security header, and nothing but the end user in userVO."""

    def __init__(self, t04):
        self.name = "WS-Security"
        self.client = t04

    def call(self, operation, arg1, ticket=os.environ["PORTAL_TICKET"]):
        security = Security()
        security.tokens.append(UsernameToken(os.environ["PORTAL_CALLER"], ticket))
        self.client.set_options(wsse=security)
        return getattr(self.client.service, operation)({"uid": os.environ["PORTAL_UID"], "type": "2"}, arg1)


def flow(way):
    name = way.name

    kurser = way.call("getKurs", {"Institution": fact("INSTITUTION"), "Termin": fact("TERMIN")})
    same(f"{name}: getKurs is valid", True, kurser.valid)
    same(f"{name}: courses", fact("KURSKODER"), texts(kurser.KursInfoVO, "Kurskod"))
    kurs = next(one for one in kurser.KursInfoVO if one.Kurskod == fact("KURSKOD"))
    same(f"{name}: name of the course", fact("BENAMNING"), kurs.Benamning)
    same(f"{name}: no English name", False, hasattr(kurs, "EngBenamning"))
    same(f"{name}: no NoEmailList in getKurs", False, hasattr(kurser, "NoEmailList"))
    same(f"{name}: no messages in getKurs", False, hasattr(kurser, "messages"))

    tillfallen = way.call("getKursTf", {"Kurskod": kurs.Kurskod, "Termin": fact("TERMIN")})
    same(f"{name}: types of occasions", fact("TYPER"), texts(tillfallen.KursTfVO, "typ"))
    tillfalle = tillfallen.KursTfVO[0]
    same(f"{name}: Anmkod of the first occasion", fact("ANMKOD"), tillfalle.Anmkod)

    lista = way.call("getAdrLista", {"KursTfVO": [tillfalle], "Email": True, "FFG": False})
    same(f"{name}: getAdrLista is valid", True, lista.valid)
    personer = [person for entry in lista.AdrListEntVO for person in entry.PersonVO]
    same(f"{name}: number of persons", int(fact("PERSONER")), len(personer))
    same(f"{name}: kinds of registration", {"FFG"}, {entry.Regtyp for entry in lista.AdrListEntVO})
    same(f"{name}: surnames", fact("EFTERNAMN"), texts(personer, "enamn"))
    same(f"{name}: first names", fact("FORNAMN"), texts(personer, "tnamn"))
    same(f"{name}: addresses", fact("EMAIL"), "|".join(lista.EmailList))
    same(f"{name}: persons without address", fact("NOEMAIL"), "|".join(lista.NoEmailList))
    same(f"{name}: Email comes back True", True, lista.Email)
    same(f"{name}: FFG comes back False", False, lista.FFG)
    same(f"{name}: incorrect numbers", fact("OGILTIGA"), "|".join(m.values[0] for m in lista.messages))
    for message in lista.messages:
        same(f"{name}: level", "INFO", message.level)
        same(f"{name}: key", "adresslista.containsinvalidssn", message.key)
        same(f"{name}: log", "Felaktigt personnummer, " + message.values[0], message.log)

    # The whole list of occasions is sent back as it was received.
    termreg = tillfallen.KursTFTermregVO
    same(f"{name}: an occasion within a programme", True, len(termreg) > 0)
    allt = way.call("getAdrLista", {"KursTfVO": tillfallen.KursTfVO, "KursTFTermregVO": termreg})
    same(f"{name}: all occasions are valid", True, allt.valid)
    same(f"{name}: all occasions give more", True, len(allt.AdrListEntVO) > len(personer))

    ensam = way.call("getKursTf", {"Kurskod": fact("ENSAM_KURSKOD"), "Termin": fact("TERMIN")})
    same(f"{name}: one occasion is a list of one", (True, 1), (isinstance(ensam.KursTfVO, list), len(ensam.KursTfVO)))
    ensam_lista = way.call("getAdrLista", {"KursTfVO": ensam.KursTfVO})
    same(f"{name}: one entry is a list of one", True, isinstance(ensam_lista.AdrListEntVO, list))
    en = [person for entry in ensam_lista.AdrListEntVO for person in entry.PersonVO]
    same(f"{name}: one person", fact("ENSAM_EFTERNAMN"), texts(en, "enamn"))

    tom = way.call("getKurs", {"Institution": fact("TOM_INSTITUTION"), "Termin": fact("TERMIN")})
    same(f"{name}: an institution without courses is valid", True, tom.valid)
    same(f"{name}: no courses", [], listed(tom, "KursInfoVO"))

    refused(way, "general.missingparameter", ["Institution"], {"Termin": fact("TERMIN")})
    refused(way, "general.missingparameter", ["Institution"], {"Institution": "", "Termin": fact("TERMIN")})
    refused(way, "auth.failed", [], {"Institution": fact("INSTITUTION")}, "not the ticket")


def refused(way, key, values, *arguments):
    answer = way.call("getKurs", *arguments)
    same(f"{way.name}: {key} is not valid", False, answer.valid)
    message = answer.messages[0]
    same(f"{way.name}: level of {key}", "ERROR", message.level)
    same(f"{way.name}: key", key, message.key)
    same(f"{way.name}: values of {key}", values, listed(message, "values"))
    same(f"{way.name}: no data with {key}", [], listed(answer, "KursInfoVO"))


NOTHING = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<t:getNothing xmlns:t="http://facadeclient.adresslista.service.lpw.ladok/"/></s:Body></s:Envelope>"""


def fault(t04, message, sentence):
    try:
        t04.service.getKurs(__inject={"msg": message})
    except suds.WebFault as error:
        same("faultcode", "soap:Client", error.fault.faultcode)
        same("faultstring", sentence, error.fault.faultstring)
        same("sentence of the exception", f"Server raised fault: '{sentence}'", str(error))
        return
    sys.exit("no fault")


url = os.environ["T04_URL"]
t04 = client(url)
for way in Factory(t04), Dicts(t04), Header(client(url)):
    flow(way)

# Ways of writing the same call: without prefixes, with line breaks, and what else suds has settings for.
for options in {"prefixes": False}, {"prettyxml": True}, {"autoblend": True}, {"xstq": False}:
    answer = Dicts(client(url, **options)).call("getKurs", {"Institution": fact("INSTITUTION")})
    same(f"{options}", True, answer.valid and len(answer.KursInfoVO) > 0)

fault(t04, NOTHING, "The operation is none of getKurs, getKursTf, getAdrLista.")
fault(t04, b"<x/>", "The message is not a SOAP envelope.")
status, told = client(url, faults=False).service.getKurs(__inject={"msg": NOTHING})
same("a fault that is no exception", (500, "soap:Client"), (int(status), told.faultcode))

utility = client(os.environ["UTILITY_URL"])
institution = utility.service.getInstitutionByKod(user(), fact("INSTITUTION"))
same("UtilityFetcher: code", fact("INSTITUTION"), institution.kod)
same("UtilityFetcher: name", fact("INSTITUTION_BENAMN"), institution.benamn)
institutions = utility.service.findAllInstitutions(user())
same("UtilityFetcher: all", True, fact("INSTITUTION") in [one.kod for one in institutions])

print(f"ok, {checks} checks")
