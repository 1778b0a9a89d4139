import com.sun.xml.ws.developer.JAXWSProperties;
import java.io.StringReader;
import java.net.URI;
import java.net.URL;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javax.xml.namespace.QName;
import javax.xml.transform.Source;
import javax.xml.transform.stream.StreamSource;
import javax.xml.ws.BindingProvider;
import javax.xml.ws.Dispatch;
import javax.xml.ws.Service;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.soap.SOAPFaultException;
import ladok.lpw.service.adresslista.facadeclient.AdrListVO;
import ladok.lpw.service.adresslista.facadeclient.AdresslistaFacadeClientService;
import ladok.lpw.service.adresslista.facadeclient.AdresslistaFetcher;
import ladok.lpw.service.adresslista.facadeclient.AuthInfoVO;
import ladok.lpw.service.adresslista.facadeclient.KursInfoVO;
import ladok.lpw.service.adresslista.facadeclient.KursTfVO;
import ladok.lpw.service.adresslista.facadeclient.Message;
import ladok.lpw.service.adresslista.facadeclient.PersonVO;
import ladok.lpw.service.adresslista.facadeclient.TicketVO;
import ladok.lpw.service.adresslista.facadeclient.UserVO;
import ladok.lpw.service.utility.facadeclient.UtilityFacadeClientService;
import ladok.lpw.service.utility.facadeclient.UtilityFetcher;
import ladok.lpw.service.utility.facadeclient.UtilityInstitutionVO;
import ladok.lpw.service.utility.facadeclient.UtilityKursProvVO;

/**
 * T04's flow with the reference implementation of JAX-WS: classes by wsimport over SOAP 1.1 and 1.2, chunked, compressed,
 * with a connection for each call.
 */
public final class Flow {
    private static final String NAMESPACE = "http://facadeclient.adresslista.service.lpw.ladok/";
    private static final QName SERVICE = new QName(NAMESPACE, "AdresslistaFacadeClientService");
    private static final QName PORT = new QName(NAMESPACE, "AdresslistaFacadeClientPort");
    private static final QName PORT_12 = new QName(NAMESPACE, "AdresslistaFacadeClientPort12");
    private static final String T04 = Check.environment("T04_URL");
    private static final UserVO USER = user(Check.environment("PORTAL_TICKET"));

    public static void main(String[] args) throws Exception {
        var service = new AdresslistaFacadeClientService(url(T04 + "?wsdl"));
        flow("SOAP 1.1", service.getAdresslistaFacadeClientPort());
        flow("chunked", with(service.getAdresslistaFacadeClientPort(),
            Map.of(JAXWSProperties.HTTP_CLIENT_STREAMING_CHUNK_SIZE, 256)));
        flow("compressed answers, a connection each", with(service.getAdresslistaFacadeClientPort(),
            Map.of(MessageContext.HTTP_REQUEST_HEADERS,
                Map.of("Accept-Encoding", List.of("gzip"), "Connection", List.of("close")))));

        var service12 = Service.create(url(T04 + "?wsdl=1.2"), SERVICE);
        flow("SOAP 1.2", service12.getPort(PORT_12, AdresslistaFetcher.class));
        flow("SOAP 1.1 beside 1.2", service12.getPort(PORT, AdresslistaFetcher.class));
        generatedFor12();

        fault(service, PORT, "Client");
        fault(service12, PORT_12, "Sender");
        utility();
        Check.done("JAX-WS RI");
    }

    private static AdresslistaFetcher with(AdresslistaFetcher port, Map<String, Object> properties) {
        ((BindingProvider) port).getRequestContext().putAll(properties);
        return port;
    }

    private static void flow(String how, AdresslistaFetcher t04) {
        AdrListVO kurser = t04.getKurs(USER, institution(Check.fact("INSTITUTION")));
        Check.equal(how + ": getKurs valid", true, kurser.isValid());
        Check.equal(how + ": course codes", Check.facts("KURSKODER"), each(kurser.getKursInfoVO(), KursInfoVO::getKurskod));
        Check.equal(how + ": NoEmailList of getKurs", List.of(), kurser.getNoEmailList());
        KursInfoVO kurs = kurser.getKursInfoVO().stream()
            .filter(each -> each.getKurskod().equals(Check.fact("KURSKOD"))).findFirst().orElseThrow();
        Check.equal(how + ": name of the course", Check.fact("BENAMNING"), kurs.getBenamning());
        Check.equal(how + ": EngBenamning of the course", null, kurs.getEngBenamning());

        AdrListVO tillfallen = t04.getKursTf(USER, kurs(Check.fact("KURSKOD")));
        Check.equal(how + ": types of occasions", Check.facts("TYPER"), each(tillfallen.getKursTfVO(), KursTfVO::getTyp));
        Check.equal(how + ": Anmkod", Check.fact("ANMKOD"), tillfallen.getKursTfVO().get(0).getAnmkod());

        AdrListVO asked = occasion(tillfallen.getKursTfVO().get(0));
        asked.setEmail(true);
        AdrListVO lista = t04.getAdrLista(USER, asked);
        List<PersonVO> persons = each(lista.getAdrListEntVO(), entry -> entry.getPersonVO().get(0));
        Check.equal(how + ": getAdrLista valid", true, lista.isValid());
        Check.equal(how + ": Email", true, lista.isEmail());
        Check.equal(how + ": FFG", false, lista.isFFG());
        Check.equal(how + ": number of persons", Integer.valueOf(Check.fact("PERSONER")), persons.size());
        Check.equal(how + ": surnames", Check.facts("EFTERNAMN"), each(persons, PersonVO::getEnamn));
        Check.equal(how + ": first names", Check.facts("FORNAMN"), each(persons, PersonVO::getTnamn));
        Check.equal(how + ": absent avliden", null, persons.get(0).getAvliden());
        Check.equal(how + ": EmailList", Check.facts("EMAIL"), lista.getEmailList());
        Check.equal(how + ": NoEmailList", Check.facts("NOEMAIL"), lista.getNoEmailList());
        List<String> incorrect = Check.facts("OGILTIGA");
        Check.equal(how + ": incorrect numbers", incorrect, each(lista.getMessages(), each -> String.join("|", each.getValues())));
        message(how + ": INFO", lista.getMessages().get(0), "INFO", "adresslista.containsinvalidssn",
            List.of(incorrect.get(0)), "Felaktigt personnummer, " + incorrect.get(0));

        AdrListVO ensam = t04.getKursTf(USER, kurs(Check.fact("ENSAM_KURSKOD")));
        Check.equal(how + ": one occasion", 1, ensam.getKursTfVO().size());
        AdrListVO ensamLista = t04.getAdrLista(USER, occasion(ensam.getKursTfVO().get(0)));
        Check.equal(how + ": one participant", List.of(Check.fact("ENSAM_EFTERNAMN")),
            each(ensamLista.getAdrListEntVO(), entry -> entry.getPersonVO().get(0).getEnamn()));

        AdrListVO tom = t04.getKurs(USER, institution(Check.fact("TOM_INSTITUTION")));
        Check.equal(how + ": an institution without courses is valid", true, tom.isValid());
        Check.equal(how + ": courses of an institution without courses", List.of(), tom.getKursInfoVO());
        Check.equal(how + ": messages about an institution without courses", List.of(), tom.getMessages());

        AdrListVO refused = t04.getKurs(USER, institution(null));
        Check.equal(how + ": no Institution", false, refused.isValid());
        message(how + ": no Institution", refused.getMessages().get(0), "ERROR", "general.missingparameter",
            List.of("Institution"), "Obligatorisk uppgift saknas, Institution");
        AdrListVO unknown = t04.getKurs(user("fel"), institution(Check.fact("INSTITUTION")));
        Check.equal(how + ": wrong ticket", false, unknown.isValid());
        message(how + ": wrong ticket", unknown.getMessages().get(0), "ERROR", "auth.failed", List.of(), "Felaktig inloggning");
    }

    /** What wsimport makes of ?wsdl=1.2 has a method for its port. */
    private static void generatedFor12() throws Exception {
        var ticket = new soap12.TicketVO();
        ticket.setTicket(Check.environment("PORTAL_TICKET"));
        var authinfo = new soap12.AuthInfoVO();
        authinfo.setCaller(Check.environment("PORTAL_CALLER"));
        authinfo.setTicket(ticket);
        var user = new soap12.UserVO();
        user.setUid(Check.environment("PORTAL_UID"));
        user.setType("2");
        user.setAuthinfovo(authinfo);
        var list = new soap12.AdrListVO();
        list.setInstitution(Check.fact("INSTITUTION"));
        list.setTermin(Check.fact("TERMIN"));
        var port = new soap12.AdresslistaFacadeClientService(url(T04 + "?wsdl=1.2")).getAdresslistaFacadeClientPort12();
        Check.equal("port of the generated class: course codes", Check.facts("KURSKODER"),
            each(port.getKurs(user, list).getKursInfoVO(), soap12.KursInfoVO::getKurskod));
    }

    /** An operation that does not exist, below the generated classes. */
    private static void fault(Service service, QName port, String code) {
        Dispatch<Source> dispatch = service.createDispatch(port, Source.class, Service.Mode.PAYLOAD);
        var request = new StreamSource(new StringReader("<n:getNothing xmlns:n='" + NAMESPACE + "'/>"));
        try {
            Check.equal("an operation that does not exist", "a fault", dispatch.invoke(request));
        } catch (SOAPFaultException fault) {
            Check.equal("faultcode", code, fault.getFault().getFaultCodeAsQName().getLocalPart());
            Check.that("a sentence", fault.getFault().getFaultString().contains(" "));
        }
    }

    private static void utility() throws Exception {
        UtilityFetcher utility = new UtilityFacadeClientService(url(Check.environment("UTILITY_URL") + "?wsdl"))
            .getUtilityFacadeClientPort();
        var ticket = new ladok.lpw.service.utility.facadeclient.TicketVO();
        ticket.setTicket(Check.environment("PORTAL_TICKET"));
        var authinfo = new ladok.lpw.service.utility.facadeclient.AuthInfoVO();
        authinfo.setCaller(Check.environment("PORTAL_CALLER"));
        authinfo.setTicket(ticket);
        var user = new ladok.lpw.service.utility.facadeclient.UserVO();
        user.setUid(Check.environment("PORTAL_UID"));
        user.setType("2");
        user.setAuthinfovo(authinfo);

        UtilityInstitutionVO institution = utility.getInstitutionByKod(user, Check.fact("INSTITUTION"));
        Check.equal("T22: an institution is valid", true, institution.isValid());
        Check.equal("T22: name of the institution", Check.fact("INSTITUTION_BENAMN"), institution.getBenamn());
        Check.equal("T22: English name", null, institution.getBenamne());
        List<String> codes = each(utility.findAllInstitutions(user), UtilityInstitutionVO::getKod);
        Check.that("T22: all institutions",
            codes.contains(Check.fact("INSTITUTION")) && codes.contains(Check.fact("TOM_INSTITUTION")));
        List<UtilityKursProvVO> courses = utility.getKursByInst(user, Check.fact("INSTITUTION"));
        Check.that("T22: a course with points",
            courses.stream().anyMatch(course -> course.getPoang() != null && course.getPoang().signum() > 0));
        List<String> numbers = Check.facts("PERSONNUMMER");
        Check.equal("T22: addresses", numbers, each(utility.fetchAdrInfo(user, numbers).getPersons(), each -> each.getPnr()));
        Check.equal("T22: one address", 1, utility.fetchAdrInfo(user, numbers.subList(0, 1)).getPersons().size());
        Check.equal("T22: a wrong code is not valid", false, utility.getKursByKod(user, "?").isValid());
    }

    private static void message(String what, Message got, String level, String key, List<String> values, String log) {
        Check.equal(what + ": level", level, got.getLevel());
        Check.equal(what + ": key", key, got.getKey());
        Check.equal(what + ": values", values, got.getValues());
        Check.equal(what + ": log", log, got.getLog());
    }

    private static <T, R> List<R> each(List<T> items, Function<T, R> of) {
        return items.stream().map(of).toList();
    }

    private static AdrListVO institution(String code) {
        var list = new AdrListVO();
        list.setInstitution(code);
        list.setTermin(Check.fact("TERMIN"));
        return list;
    }

    private static AdrListVO kurs(String code) {
        var list = new AdrListVO();
        list.setKurskod(code);
        list.setTermin(Check.fact("TERMIN"));
        return list;
    }

    private static AdrListVO occasion(KursTfVO received) {
        var list = new AdrListVO();
        list.getKursTfVO().add(received);
        return list;
    }

    private static UserVO user(String secret) {
        var ticket = new TicketVO();
        ticket.setTicket(secret);
        var authinfo = new AuthInfoVO();
        authinfo.setCaller(Check.environment("PORTAL_CALLER"));
        authinfo.setTicket(ticket);
        var user = new UserVO();
        user.setUid(Check.environment("PORTAL_UID"));
        user.setType("2");
        user.setAuthinfovo(authinfo);
        return user;
    }

    private static URL url(String address) throws Exception {
        return URI.create(address).toURL();
    }
}
