"""A spyne server over the store's file, under the standard library's WSGI server. No rights, no audit log."""
import sqlite3
import sys
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

from spyne import Application, Boolean, ComplexModel, Integer32, ServiceBase, Unicode, rpc
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

NAMESPACE = "http://facadeclient.adresslista.service.lpw.ladok/"
generation, port = sys.argv[1], int(sys.argv[2])


def sql(name):
    return (Path(__file__).parent.parent / f"{name}.sql").read_text()


PERSONS, COURSES = sql("persons"), sql("courses")
connection = sqlite3.connect(f"file:{generation}?mode=ro", uri=True)
connection.execute("PRAGMA cache_size = -32768")
connection.row_factory = sqlite3.Row


def complex_type(name, *fields):
    """Fields in the schema's order; what is absent is not written."""
    members = [(field, type_.customize(min_occurs=0)) for field, type_ in fields]
    return type(name, (ComplexModel,), {"__namespace__": NAMESPACE, "_type_info": members})


def strings(names):
    return [(name, Unicode) for name in names.split()]


def many(type_):
    return type_.customize(max_occurs="unbounded")


Ticket = complex_type("ticketVO", ("authLevel", Integer32), *strings("ticket timestamp uid"))
AuthInfo = complex_type("authInfoVO", *strings("authRole authServer authType caller"), ("ticket", Ticket))
User = complex_type("userVO", ("authinfovo", AuthInfo), *strings("type uid"))
Person = complex_type(
    "personVO",
    *strings("annanid avliden emailadr enamn facknr fcoadr fgatadr fland fort fpostnr fromdat"),
    ("gallrad", Boolean),
    *strings("gallradDatum konto pnr sekel sms tcoadr telnr tgatadr tland tnamn tomdat tort tpostnr"))
KursInfo = complex_type("kursInfoVO", *strings("Kurskod Benamning EngBenamning Institution Poang Nedlagd"))
KursTf = complex_type(
    "kursTfVO",
    *strings("typ Kurskod Starttermin Kurstakt Kurstid Undform Kursomgang Kurstyp Termordning Poang Anmkod"
             " Kalendertermin Startvecka Slutvecka Ortskod Ortsbenamn"))
Entry = complex_type("adrListEntVO", ("Regtyp", Unicode), ("PersonVO", Person))
AdrList = complex_type(
    "adrListVO",
    *strings("Institution Termin Kurskod"), ("KursInfoVO", many(KursInfo)), ("KursTfVO", many(KursTf)),
    ("Email", Boolean), ("FFG", Boolean), ("FO", Boolean), ("OM", Boolean), ("AdrListEntVO", many(Entry)),
    ("EmailList", many(Unicode)), ("NoEmailList", many(Unicode)), ("valid", Boolean))


class Adresslista(ServiceBase):
    @rpc(User, AdrList, _returns=AdrList, _out_variable_name="return")
    def getAdrLista(ctx, arg0, arg1):
        occasion = arg1.KursTfVO[0]
        kurskey = occasion.Kurskod.upper()
        persons = connection.execute(PERSONS, (kurskey, "20" + occasion.Starttermin, occasion.Anmkod))
        return AdrList(
            KursInfoVO=[KursInfo(**dict(row)) for row in connection.execute(COURSES, (kurskey,))],
            Email=False, FFG=False, FO=False, OM=False,
            AdrListEntVO=[Entry(Regtyp="FFG", PersonVO=Person(gallrad=False, **dict(row))) for row in persons],
            valid=True)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


application = Application([Adresslista], NAMESPACE, in_protocol=Soap11(), out_protocol=Soap11())
make_server("127.0.0.1", port, WsgiApplication(application), handler_class=Quiet).serve_forever()
