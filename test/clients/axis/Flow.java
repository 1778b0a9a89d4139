import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import javax.xml.namespace.QName;
import javax.xml.rpc.ParameterMode;
import ladok.lpw.service.adresslista.facadeclient.AdrListEntVO;
import ladok.lpw.service.adresslista.facadeclient.AdrListVO;
import ladok.lpw.service.adresslista.facadeclient.AdresslistaFacadeClientServiceLocator;
import ladok.lpw.service.adresslista.facadeclient.AdresslistaFetcher;
import ladok.lpw.service.adresslista.facadeclient.AuthInfoVO;
import ladok.lpw.service.adresslista.facadeclient.BksInfoVO;
import ladok.lpw.service.adresslista.facadeclient.ErrorObject;
import ladok.lpw.service.adresslista.facadeclient.KursInfoVO;
import ladok.lpw.service.adresslista.facadeclient.KursTFTermregVO;
import ladok.lpw.service.adresslista.facadeclient.KursTfVO;
import ladok.lpw.service.adresslista.facadeclient.Message;
import ladok.lpw.service.adresslista.facadeclient.PersonVO;
import ladok.lpw.service.adresslista.facadeclient.TicketVO;
import ladok.lpw.service.adresslista.facadeclient.UserVO;
import ladok.lpw.service.utility.facadeclient.UtilityFacadeClientServiceLocator;
import ladok.lpw.service.utility.facadeclient.UtilityFetcher;
import ladok.lpw.service.utility.facadeclient.UtilityInstitutionVO;
import ladok.lpw.service.utility.facadeclient.UtilityKursProvVO;
import ladok.lpw.service.utility.facadeclient.UtilityPersonsVO;
import org.apache.axis.AxisEngine;
import org.apache.axis.AxisFault;
import org.apache.axis.MessageContext;
import org.apache.axis.SimpleTargetedChain;
import org.apache.axis.client.Call;
import org.apache.axis.client.Stub;
import org.apache.axis.configuration.SimpleProvider;
import org.apache.axis.constants.Style;
import org.apache.axis.constants.Use;
import org.apache.axis.description.TypeDesc;
import org.apache.axis.encoding.ser.BeanDeserializerFactory;
import org.apache.axis.encoding.ser.BeanSerializerFactory;
import org.apache.axis.message.SOAPHeaderElement;
import org.apache.axis.transport.http.CommonsHTTPSender;
import org.apache.axis.transport.http.HTTPConstants;

/**
 * T04's flow with Apache Axis 1.4: stubs by WSDL2Java over HTTP/1.0 (Axis' own choice), 1.1, in ISO-8859-1, chunked and
 * compressed; and the same calls RPC/encoded, with arrays and multiRef, as Axis calls services without a WSDL.
 */
public final class Flow {
    private static final String NAMESPACE = "http://facadeclient.adresslista.service.lpw.ladok/";

    private static final UserVO USER = user(Check.environment("PORTAL_TICKET"));

    /** One operation by its name, whatever way it is called. */
    private interface Caller {
        AdrListVO call(String operation, UserVO user, AdrListVO list) throws Exception;
    }

    private interface Setting {
        void of(Stub stub);
    }

    public static void main(String[] args) throws Exception {
        var locator = new AdresslistaFacadeClientServiceLocator();
        Check.equal("address in the WSDL", Check.environment("T04_URL"), locator.getAdresslistaFacadeClientPortAddress());
        flow("HTTP/1.0", stubs(locator, stub -> {}));
        flow("HTTP/1.1", stubs(locator, stub -> version11(stub)));
        for (String encoding : List.of("ISO-8859-1", "UTF-16")) {
            var encoded = new AdresslistaFacadeClientServiceLocator();
            encoded.getEngine().setOption(AxisEngine.PROP_XML_ENCODING, encoding);
            flow(encoding, stubs(encoded, stub -> {}));
        }

        var commons = new SimpleProvider();
        commons.deployTransport("http", new SimpleTargetedChain(new CommonsHTTPSender()));
        var overCommons = new AdresslistaFacadeClientServiceLocator(commons);
        flow("commons-httpclient, chunked", stubs(overCommons, stub -> version11(stub)));
        flow("commons-httpclient, compressed answers", stubs(overCommons, stub -> {
            version11(stub);
            stub._setProperty(HTTPConstants.MC_ACCEPT_GZIP, true);
        }));

        flow("RPC/encoded", encoded(locator, true, list -> list));
        flow("RPC/encoded without multiRef", encoded(locator, false, list -> list));
        flow("RPC/encoded, soapenc:Array", encoded(locator, true, OldList::new));

        faults(locator);
        utility();
        Check.done("Axis 1.4");
    }

    private static void version11(Stub stub) {
        stub._setProperty(MessageContext.HTTP_TRANSPORT_VERSION, HTTPConstants.HEADER_PROTOCOL_V11);
    }

    private static Caller stubs(AdresslistaFacadeClientServiceLocator locator, Setting setting) throws Exception {
        AdresslistaFetcher port = locator.getAdresslistaFacadeClientPort();
        setting.of((Stub) port);
        return (operation, user, list) -> switch (operation) {
            case "getKurs" -> port.getKurs(user, list);
            case "getKursTf" -> port.getKursTf(user, list);
            default -> port.getAdrLista(user, list);
        };
    }

    /** Calls as Axis makes them when nobody tells it the style: rpc/encoded, each object by a reference. */
    private static Caller encoded(
            AdresslistaFacadeClientServiceLocator locator, boolean multiRef, Function<AdrListVO, Object> sent) {
        return (operation, user, list) -> {
            Call call = (Call) locator.createCall();
            call.setTargetEndpointAddress(Check.environment("T04_URL"));
            call.setOperationName(new QName(NAMESPACE, operation));
            call.setOperationStyle(Style.RPC);
            call.setOperationUse(Use.ENCODED);
            call.setProperty(AxisEngine.PROP_DOMULTIREFS, multiRef);
            for (Class<?> type : BEANS) {
                QName name = ((TypeDesc) type.getMethod("getTypeDesc").invoke(null)).getXmlType();
                call.registerTypeMapping(
                    type, name, new BeanSerializerFactory(type, name), new BeanDeserializerFactory(type, name));
            }
            Object arg1 = sent.apply(list);
            QName old = new QName(NAMESPACE, "oldList");
            call.registerTypeMapping(OldList.class, old, new BeanSerializerFactory(OldList.class, old), null);
            call.addParameter("arg0", new QName(NAMESPACE, "userVO"), UserVO.class, ParameterMode.IN);
            QName type = arg1 instanceof OldList ? old : new QName(NAMESPACE, "adrListVO");
            call.addParameter("arg1", type, arg1.getClass(), ParameterMode.IN);
            call.setReturnType(new QName(NAMESPACE, "adrListVO"), AdrListVO.class);
            return (AdrListVO) call.invoke(new Object[] {user, arg1});
        };
    }

    private static final List<Class<?>> BEANS = List.of(
        AdrListEntVO.class, AdrListVO.class, AuthInfoVO.class, BksInfoVO.class, ErrorObject.class, KursInfoVO.class,
        KursTFTermregVO.class, KursTfVO.class, Message.class, PersonVO.class, TicketVO.class, UserVO.class);

    private static void flow(String how, Caller t04) throws Exception {
        AdrListVO kurser = t04.call("getKurs", USER, institution(Check.fact("INSTITUTION")));
        Check.equal(how + ": getKurs valid", true, kurser.getValid());
        Check.equal(how + ": course codes", Check.facts("KURSKODER"), each(kurser.getKursInfoVO(), KursInfoVO::getKurskod));
        Check.equal(how + ": NoEmailList of getKurs", null, kurser.getNoEmailList());
        KursInfoVO kurs = Arrays.stream(kurser.getKursInfoVO())
            .filter(each -> each.getKurskod().equals(Check.fact("KURSKOD"))).findFirst().orElseThrow();
        Check.equal(how + ": name of the course", Check.fact("BENAMNING"), kurs.getBenamning());
        Check.equal(how + ": EngBenamning of the course", null, kurs.getEngBenamning());

        AdrListVO tillfallen = t04.call("getKursTf", USER, kurs(Check.fact("KURSKOD")));
        Check.equal(how + ": types of occasions", Check.facts("TYPER"), each(tillfallen.getKursTfVO(), KursTfVO::getTyp));
        Check.equal(how + ": Anmkod", Check.fact("ANMKOD"), tillfallen.getKursTfVO(0).getAnmkod());

        AdrListVO asked = occasion(tillfallen.getKursTfVO(0));
        asked.setEmail(true);
        AdrListVO lista = t04.call("getAdrLista", USER, asked);
        List<PersonVO> persons = each(lista.getAdrListEntVO(), entry -> entry.getPersonVO(0));
        Check.equal(how + ": getAdrLista valid", true, lista.getValid());
        Check.equal(how + ": Email", true, lista.getEmail());
        Check.equal(how + ": FFG", false, lista.getFFG());
        Check.equal(how + ": number of persons", Integer.valueOf(Check.fact("PERSONER")), persons.size());
        Check.equal(how + ": surnames", Check.facts("EFTERNAMN"), persons.stream().map(PersonVO::getEnamn).toList());
        Check.equal(how + ": first names", Check.facts("FORNAMN"), persons.stream().map(PersonVO::getTnamn).toList());
        Check.equal(how + ": absent avliden", null, persons.get(0).getAvliden());
        Check.equal(how + ": EmailList", Check.facts("EMAIL"), Arrays.asList(lista.getEmailList()));
        Check.equal(how + ": NoEmailList", Check.facts("NOEMAIL"), Arrays.asList(lista.getNoEmailList()));
        List<String> incorrect = Check.facts("OGILTIGA");
        Check.equal(how + ": incorrect numbers", incorrect, each(lista.getMessages(), each -> String.join("|", each.getValues())));
        message(how + ": INFO", lista.getMessages(0), "INFO", "adresslista.containsinvalidssn", List.of(incorrect.get(0)),
            "Felaktigt personnummer, " + incorrect.get(0));

        AdrListVO ensam = t04.call("getKursTf", USER, kurs(Check.fact("ENSAM_KURSKOD")));
        Check.equal(how + ": one occasion", 1, ensam.getKursTfVO().length);
        AdrListVO ensamLista = t04.call("getAdrLista", USER, occasion(ensam.getKursTfVO(0)));
        Check.equal(how + ": one participant", List.of(Check.fact("ENSAM_EFTERNAMN")),
            each(ensamLista.getAdrListEntVO(), entry -> entry.getPersonVO(0).getEnamn()));

        AdrListVO tom = t04.call("getKurs", USER, institution(Check.fact("TOM_INSTITUTION")));
        Check.equal(how + ": an institution without courses is valid", true, tom.getValid());
        Check.equal(how + ": courses of an institution without courses", null, tom.getKursInfoVO());
        Check.equal(how + ": messages about an institution without courses", null, tom.getMessages());

        AdrListVO refused = t04.call("getKurs", USER, institution(null));
        Check.equal(how + ": no Institution", false, refused.getValid());
        message(how + ": no Institution", refused.getMessages(0), "ERROR", "general.missingparameter",
            List.of("Institution"), "Obligatorisk uppgift saknas, Institution");
        AdrListVO unknown = t04.call("getKurs", user("fel"), institution(Check.fact("INSTITUTION")));
        Check.equal(how + ": wrong ticket", false, unknown.getValid());
        Check.equal(how + ": wrong ticket", "ERROR auth.failed", unknown.getMessages(0).getLevel() + " " + unknown.getMessages(0).getKey());
    }

    private static void faults(AdresslistaFacadeClientServiceLocator locator) throws Exception {
        fault("an operation that does not exist", "Client", () -> encoded(locator, true, list -> list).call("getNothing", USER, new AdrListVO()));
        AdresslistaFetcher port = locator.getAdresslistaFacadeClientPort();
        var header = new SOAPHeaderElement("urn:x", "mustKnow", "x");
        header.setMustUnderstand(true);
        ((Stub) port).setHeader(header);
        fault("a header to be understood", "MustUnderstand", () -> port.getKurs(USER, null));
    }

    private interface Action {
        Object run() throws Exception;
    }

    private static void fault(String what, String code, Action action) throws Exception {
        try {
            Check.equal(what, "a fault", action.run());
        } catch (AxisFault fault) {
            Check.equal(what, code, fault.getFaultCode().getLocalPart());
            Check.that(what + ": a sentence", fault.getFaultString().contains(" "));
        }
    }

    private static void utility() throws Exception {
        UtilityFetcher utility = new UtilityFacadeClientServiceLocator().getUtilityFacadeClientPort();
        var user = new ladok.lpw.service.utility.facadeclient.UserVO();
        var ticket = new ladok.lpw.service.utility.facadeclient.TicketVO();
        var authinfo = new ladok.lpw.service.utility.facadeclient.AuthInfoVO();
        ticket.setTicket(Check.environment("PORTAL_TICKET"));
        authinfo.setCaller(Check.environment("PORTAL_CALLER"));
        authinfo.setTicket(ticket);
        user.setUid(Check.environment("PORTAL_UID"));
        user.setType("2");
        user.setAuthinfovo(authinfo);

        UtilityInstitutionVO institution = utility.getInstitutionByKod(user, Check.fact("INSTITUTION"));
        Check.equal("T22: an institution is valid", true, institution.getValid());
        Check.equal("T22: name of the institution", Check.fact("INSTITUTION_BENAMN"), institution.getBenamn());
        Check.equal("T22: English name", null, institution.getBenamne());
        List<String> codes = each(utility.findAllInstitutions(user), UtilityInstitutionVO::getKod);
        Check.that("T22: all institutions",
            codes.contains(Check.fact("INSTITUTION")) && codes.contains(Check.fact("TOM_INSTITUTION")));
        UtilityKursProvVO[] courses = utility.getKursByInst(user, Check.fact("INSTITUTION"));
        Check.that("T22: a course with points", Arrays.stream(courses).anyMatch(course ->
            course.getPoang() != null && course.getPoang().signum() > 0));
        List<String> numbers = Check.facts("PERSONNUMMER");
        UtilityPersonsVO persons = utility.fetchAdrInfo(user, numbers.toArray(String[]::new));
        Check.equal("T22: addresses", numbers, each(persons.getPersons(), each -> each.getPnr()));
        Check.equal("T22: one address", 1,
            utility.fetchAdrInfo(user, new String[] {numbers.get(0)}).getPersons().length);
        Check.equal("T22: a wrong code is not valid", false, utility.getKursByKod(user, "?").getValid());
    }

    private static void message(String what, Message got, String level, String key, List<String> values, String log) {
        Check.equal(what + ": level", level, got.getLevel());
        Check.equal(what + ": key", key, got.getKey());
        Check.equal(what + ": values", values, Arrays.asList(got.getValues()));
        Check.equal(what + ": log", log, got.getLog());
    }

    private static <T, R> List<R> each(T[] items, Function<T, R> of) {
        List<R> found = new ArrayList<>();
        for (T item : items) found.add(of.apply(item));
        return found;
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
        list.setKursTfVO(new KursTfVO[] {received});
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
}
