"""Every operation of UtilityFetcher with Python's zeep, from the served WSDL: the lists around T04's flow."""

import datetime
import decimal
import os

import zeep


def flow(t04, user, check):
    client = zeep.Client(os.environ["UTILITY_URL"] + "?wsdl")
    institution = os.environ["FACT_INSTITUTION"]
    called = set()

    def call(operation, *arguments):
        called.add(operation)
        return client.service[operation](user, *arguments)

    def claim(true, what):
        check(bool(true), True, "UtilityFetcher: " + what)

    # Lists: several, one, none
    institutions = call("findAllInstitutions")
    claim(len(institutions) > 1, "findAllInstitutions gives no list")
    claim(all(i.valid is True and not i.messages for i in institutions), "an institution is not valid")
    claim(institution in [i.kod for i in institutions], "the institution is missing")
    claim(len(call("findInstitutionsByDelkod", institution)) == 1, "a whole code does not find its institution alone")
    own = call("getInstitutionByKod", institution.lower())
    claim(own.kod == institution and own.benamn and own.benamne is None, "getInstitutionByKod gives another one")
    claim(own.kod in [i.kod for i in call("findInstitutionsByBenamn", own.benamn.upper())], "a name finds nothing")
    claim(not call("findInstitutionsByBenamne", "school"), "there are English names")
    claim(not call("findHsk", {"benamn": "Lund"}), "there are universities")
    claim(any(set("åäöÅÄÖ") & set(p.benamn or "") for p in call("findAllPlaces")), "no place has å, ä or ö")

    semesters = call("getCurrAndNextSemester")
    claim(len(semesters.currentSemester) == 5 and semesters.nextSemester > semesters.currentSemester, "half-years are wrong")
    claim(abs(int(semesters.currentSemester[:4]) - datetime.date.today().year) <= 1, "the half-year is another year's")

    # Courses: decimals, absent values, a nested list
    courses = call("getKursByInst", institution)
    claim(len(courses) > 1 and all(c.inst == institution and c.valid for c in courses), "getKursByInst gives others")
    claim(any(isinstance(c.poang, decimal.Decimal) and c.poang > 0 for c in courses), "no course has points")
    claim(all(c.ectsp is None and not c.prov for c in courses), "what the register does not have is there")
    course = call("getKursByKod", courses[0].kod)
    claim(course.kod == courses[0].kod and course.benamns == courses[0].benamns, "getKursByKod gives another one")
    claim(not call("getProvByKurskod", course.kod).prov, "there are tests")
    occasions = [o for c in courses for o in call("getKursTillFByKod", c.kod).ktfl]
    claim(len(occasions) > 1, "getKursTillFByKod gives no occasions")
    claim(all(o.valid and len(o.startter) == 5 and len(o.startv) == 6 for o in occasions), "an occasion is wrong")

    # Persons: those whom T04 lists
    listed = []
    for occasion in occasions:
        key = {"typ": "FFG", "Kurskod": occasion.kurskod, "Starttermin": occasion.startter, "Anmkod": occasion.kod}
        listed += [e.PersonVO[0] for e in t04.service.getAdrLista(user, {"KursTfVO": [key]}).AdrListEntVO]
    person = next(p for p in listed if set("åäöÅÄÖ") & set(p.enamn or ""))
    name = call("findNameByPnr", {"pnr": person.sekel + person.pnr})
    claim(name.enamn == person.enamn and name.tnamn == person.tnamn and name.inladok is True, "findNameByPnr: another one")
    names = call("getNameByPartPnr", {"pnr": person.pnr[:6]})
    claim(person.pnr in [n.pnr for n in names.names], "getNameByPartPnr does not find the person")
    numbers = sorted({p.pnr for p in listed})[:50]
    found = call("fetchAdrInfo", numbers)
    claim([p.pnr for p in found.persons] == numbers, "fetchAdrInfo gives others, or another order")
    claim(len(call("fetchAdrInfo", [person.pnr]).persons) == 1, "one number does not find one person")

    # What is wrong, and what is only said
    wrong = call("getKursByKod", "?")
    claim(wrong.valid is False and wrong.messages[0].key == "general.invalidformat", "a wrong code is valid")
    claim(wrong.messages[0]["values"] == ["arg1", "?"], "the message does not name the argument")
    listed_wrong = call("getKursByInst", "?")
    claim(len(listed_wrong) == 1 and listed_wrong[0].valid is False, "a list does not say what is wrong")
    told = call("fetchAdrInfo", [person.pnr, "800101-0000"])
    claim(told.valid is True and told.messages[0].level == "INFO", "an incorrect number is not told of")
    claim(len(told.persons) == 1, "an incorrect number hides the others")

    missing = set(client.service._operations) - called
    claim(not missing, "not called: " + ", ".join(sorted(missing)))
