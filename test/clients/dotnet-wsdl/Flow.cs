// T04's flow with the types that wsdl and svcutil generate alike; the calls are those of the stubs that are tested.
using System;
using System.Linq;

static class Flow
{
    public delegate adrListVO Operation(userVO user, adrListVO list);

    static readonly string Termin = Fact("TERMIN");

    public static void Run(Operation getKurs, Operation getKursTf, Operation getAdrLista)
    {
        Courses(getKurs);
        adrListVO occasions = Occasions(getKursTf);
        Participants(getAdrLista, occasions);
        ListsOfOne(getKursTf, getAdrLista);
        EmptyLists(getKurs);
        Messages(getKurs);
    }

    static void Courses(Operation getKurs)
    {
        adrListVO answer = getKurs(User(), new adrListVO { Institution = Fact("INSTITUTION"), Termin = Termin });
        Valid(answer, "getKurs");
        Check.Equal("codes of the courses", Fact("KURSKODER"), Joined(answer.KursInfoVO, kurs => kurs.Kurskod));
        kursInfoVO course = answer.KursInfoVO.Single(kurs => kurs.Kurskod == Fact("KURSKOD"));
        Check.Equal("name of the course", Fact("BENAMNING"), course.Benamning);
        Check.Equal("English name of the course", null, course.EngBenamning);
        Check.Equal("lists that getKurs does not fill", null, answer.NoEmailList ?? answer.EmailList);
        Check.Equal("institution of the request", null, answer.Institution);
        Check.Equal("Email where it is not sent", false, answer.Email);
    }

    static adrListVO Occasions(Operation getKursTf)
    {
        adrListVO answer = getKursTf(User(), new adrListVO { Kurskod = Fact("KURSKOD"), Termin = Termin });
        Valid(answer, "getKursTf");
        Check.Equal("kinds of the occasions", Fact("TYPER"), Joined(answer.KursTfVO, occasion => occasion.typ));
        Check.Equal("code of the first occasion", Fact("ANMKOD"), answer.KursTfVO[0].Anmkod);
        Check.Equal("courses of the occasions", Fact("KURSKOD"), Joined(answer.KursInfoVO, kurs => kurs.Kurskod));
        return answer;
    }

    static void Participants(Operation getAdrLista, adrListVO occasions)
    {
        adrListVO answer = getAdrLista(User(), ByFirstOccasion(occasions));
        Valid(answer, "getAdrLista");
        Check.Equal("number of participants", Fact("PERSONER"), answer.AdrListEntVO.Length.ToString());
        Check.Equal("kinds of registration", true, answer.AdrListEntVO.All(entry => entry.Regtyp == "FFG"));
        Check.Equal("persons in an entry", true, answer.AdrListEntVO.All(entry => entry.PersonVO.Length == 1));
        Check.Equal("surnames", Fact("EFTERNAMN"), Joined(answer.AdrListEntVO, entry => entry.PersonVO[0].enamn));
        Check.Equal("first names", Fact("FORNAMN"), Joined(answer.AdrListEntVO, entry => entry.PersonVO[0].tnamn));
        Check.Equal("gallrad of a person", false, answer.AdrListEntVO[0].PersonVO[0].gallrad);
        Check.Equal("addresses", Fact("EMAIL"), Joined(answer.EmailList, address => address));
        Check.Equal("persons without an address", Fact("NOEMAIL"), Joined(answer.NoEmailList, person => person));
        Check.Equal("Email as it was sent", true, answer.Email && answer.EmailSpecified);
        Check.Equal("FFG, which was not sent", false, answer.FFG);
        Check.Equal("FFG is in the answer", true, answer.FFGSpecified);
        Check.Equal("incorrect numbers", Fact("OGILTIGA"), Joined(answer.messages, message => message.values.Single()));
        foreach (message message in answer.messages)
        {
            Check.Equal("level of the message", "INFO", message.level);
            Check.Equal("key of the message", "adresslista.containsinvalidssn", message.key);
            Check.Equal("text of the message", "Felaktigt personnummer, " + message.values[0], message.log);
        }
    }

    static void ListsOfOne(Operation getKursTf, Operation getAdrLista)
    {
        adrListVO occasions = getKursTf(User(), new adrListVO { Kurskod = Fact("ENSAM_KURSKOD"), Termin = Termin });
        Check.Equal("occasions of the lone course", 1, occasions.KursTfVO.Length);
        adrListVO answer = getAdrLista(User(), ByFirstOccasion(occasions));
        Valid(answer, "getAdrLista of the lone course");
        Check.Equal("entries of the lone course", 1, answer.AdrListEntVO.Length);
        Check.Equal("its participant", Fact("ENSAM_EFTERNAMN"), Joined(answer.AdrListEntVO[0].PersonVO, p => p.enamn));
    }

    static void EmptyLists(Operation getKurs)
    {
        adrListVO answer = getKurs(User(), new adrListVO { Institution = Fact("TOM_INSTITUTION"), Termin = Termin });
        Valid(answer, "getKurs of an institution without courses");
        Check.Equal("its courses", null, answer.KursInfoVO);
        Check.Equal("its messages", null, answer.messages);
    }

    static void Messages(Operation getKurs)
    {
        Refused("a missing Institution", getKurs(User(), new adrListVO { Termin = Termin }), "general.missingparameter", "Institution");
        userVO stranger = User();
        stranger.authinfovo.ticket.ticket = "fel biljett";
        Refused("a wrong ticket", getKurs(stranger, new adrListVO { Institution = Fact("INSTITUTION") }), "auth.failed", null);
    }

    static void Refused(string what, adrListVO answer, string key, string value)
    {
        Check.Equal(what + ": valid", false, answer.valid);
        Check.Equal(what + ": valid is in the answer", true, answer.validSpecified);
        message message = answer.messages.Single();
        Check.Equal(what + ": level", "ERROR", message.level);
        Check.Equal(what + ": key", key, message.key);
        if (value != null) Check.Equal(what + ": values", value, Joined(message.values, text => text));
        Check.Equal(what + ": courses", null, answer.KursInfoVO);
    }

    static adrListVO ByFirstOccasion(adrListVO occasions)
    {
        return new adrListVO { KursTfVO = new[] { occasions.KursTfVO[0] }, Email = true, EmailSpecified = true };
    }

    public static userVO User()
    {
        return new userVO
        {
            uid = Environment.GetEnvironmentVariable("PORTAL_UID"),
            type = "2",
            authinfovo = new authInfoVO
            {
                caller = Environment.GetEnvironmentVariable("PORTAL_CALLER"),
                ticket = new ticketVO { ticket = Environment.GetEnvironmentVariable("PORTAL_TICKET") },
            },
        };
    }

    static void Valid(adrListVO answer, string what)
    {
        Check.Equal(what + ": valid", true, answer.valid);
    }

    static string Joined<T>(T[] list, Func<T, string> text)
    {
        return string.Join("|", list.Select(text));
    }

    static string Fact(string name)
    {
        return Environment.GetEnvironmentVariable("FACT_" + name);
    }
}
