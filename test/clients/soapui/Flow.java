import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.namespace.QName;

/** What one does in SoapUI: import the WSDLs, send the requests that it makes, fill them in, and run the project. */
public final class Flow {
    private Flow() {}

    public static void main(String[] arguments) throws Exception {
        Definition t04 = imported(Check.environment("T04_URL"));
        Definition utility = imported(Check.environment("UTILITY_URL"));
        sendSamples(t04);
        sendSamples(utility);
        flowOfT04(t04);
        Project.run(Check.environment("PROJECT"), Check.environment("DEMONSTRATION"));
        Check.done("WSDL4J and XMLBeans, as in SoapUI");
    }

    private static Definition imported(String url) throws Exception {
        Definition definition = Definition.at(url + "?wsdl");
        List<QName> bindings = definition.bindings();
        Check.equal("bindings for SOAP 1.1 at " + url, 1, bindings.size());
        Check.equal("address in the WSDL", url, definition.addressOf(bindings.get(0)));
        Definition withBoth = Definition.at(url + "?wsdl=1.2");
        Check.equal("binding for SOAP 1.1 beside that for 1.2", bindings, withBoth.bindings());
        Check.equal("operations beside those for 1.2", definition.operationsOf(bindings.get(0)),
            withBoth.operationsOf(bindings.get(0)));
        return definition;
    }

    /** Untouched, and with a caller: question marks get messages, and no fault. */
    private static void sendSamples(Definition definition) throws Exception {
        for (Definition.Operation operation : operations(definition).values()) {
            String sample = SampleRequest.of(definition, operation);
            String untouched = answered(definition, operation, sample);
            Check.equal("key of the message to the sample of " + operation.name(), "auth.failed", text(untouched, "//messages[1]/key"));

            String withCaller = sample
                .replaceFirst("<caller>\\?", "<caller>" + Check.environment("PORTAL_CALLER"))
                .replaceFirst("(<ticket>\\s*(?:<!--[^>]*-->\\s*<authLevel>\\?</authLevel>\\s*<!--[^>]*-->\\s*)?<ticket>)\\?",
                    "$1" + Check.environment("PORTAL_TICKET"))
                .replaceAll("<type>\\?", "<type>2");
            String answer = answered(definition, operation, withCaller);
            Check.equal("key of a message to the sample of " + operation.name() + " with a caller", "general.invalidformat",
                text(answer, "//messages[1]/key"));
        }
    }

    private static void flowOfT04(Definition t04) throws Exception {
        String kurser = asked(t04, "getKurs", Map.of("Institution", Check.fact("INSTITUTION"), "Termin", Check.fact("TERMIN")));
        Check.equal("courses", Check.facts("KURSKODER"), texts(kurser, "//KursInfoVO/Kurskod"));
        String kurs = "//KursInfoVO[Kurskod='" + Check.fact("KURSKOD") + "']";
        Check.equal("name of the course", Check.fact("BENAMNING"), text(kurser, kurs + "/Benamning"));
        Check.equal("English name of the course", List.of(), texts(kurser, kurs + "/EngBenamning"));
        Check.equal("NoEmailList of the first answer", List.of(), texts(kurser, "//NoEmailList"));

        String tillfallen = asked(t04, "getKursTf", byKurskod(Check.fact("KURSKOD")));
        Check.equal("kinds of occasions", Check.facts("TYPER"), texts(tillfallen, "//KursTfVO/typ"));
        Check.equal("anmkod", Check.fact("ANMKOD"), text(tillfallen, "//KursTfVO[1]/Anmkod"));

        String lista = asked(t04, "getAdrLista", Map.of("KursTfVO", xml(tillfallen, "//KursTfVO[1]"), "Email", "true"));
        Check.equal("participants", Check.fact("PERSONER"), String.valueOf(texts(lista, "//AdrListEntVO/Regtyp").size()));
        Check.equal("surnames", Check.facts("EFTERNAMN"), texts(lista, "//AdrListEntVO/PersonVO/enamn"));
        Check.equal("first names", Check.facts("FORNAMN"), texts(lista, "//AdrListEntVO/PersonVO/tnamn"));
        Check.equal("e-mail list", Check.facts("EMAIL"), texts(lista, "//EmailList"));
        Check.equal("without e-mail", Check.facts("NOEMAIL"), texts(lista, "//NoEmailList"));
        Check.equal("Email, FFG, valid", List.of("true", "false", "true"), texts(lista, "//return/Email | //return/FFG | //return/valid"));
        Check.equal("incorrect numbers", Check.facts("OGILTIGA"), texts(lista, "//messages[key='adresslista.containsinvalidssn']/values"));
        Check.equal("levels", List.of("INFO"), texts(lista, "//messages/level").stream().distinct().toList());

        String ensam = asked(t04, "getKursTf", byKurskod(Check.fact("ENSAM_KURSKOD")));
        Check.equal("occasions of the lone course", 1, texts(ensam, "//KursTfVO/typ").size());
        String ensamLista = asked(t04, "getAdrLista", Map.of("KursTfVO", xml(ensam, "//KursTfVO[1]")));
        Check.equal("the lone participant", List.of(Check.fact("ENSAM_EFTERNAMN")), texts(ensamLista, "//PersonVO/enamn"));

        String tom = asked(t04, "getKurs", Map.of("Institution", Check.fact("TOM_INSTITUTION"), "Termin", Check.fact("TERMIN")));
        Check.equal("courses of an institution without", List.of(), texts(tom, "//KursInfoVO"));
        Check.equal("valid without courses", "true", text(tom, "//return/valid"));

        String missing = asked(t04, "getKurs", Map.of("Termin", Check.fact("TERMIN")));
        Check.equal("valid without an institution", "false", text(missing, "//return/valid"));
        Check.equal("message about it", List.of("general.missingparameter", "ERROR", "Institution"),
            texts(missing, "//messages/key | //messages/level | //messages/values"));

        String unknown = "<soapenv:Envelope xmlns:soapenv=\"" + Definition.SOAP + "\"><soapenv:Body><getNothing/></soapenv:Body></soapenv:Envelope>";
        Http.Answer fault = Http.post(Check.environment("T04_URL"), "", unknown);
        Check.equal("status of a fault", 500, fault.status());
        Check.that("faultcode", text(fault.text(), "//faultcode").endsWith(":Client"));
        Check.that("faultstring is a sentence", text(fault.text(), "//faultstring").endsWith("."));
    }

    private static Map<String, String> byKurskod(String kurskod) {
        return Map.of("Kurskod", kurskod, "Termin", Check.fact("TERMIN"));
    }

    /** The answer to the sample request with these values in arg1, which is valid by the schema when it is filled in. */
    private static String asked(Definition t04, String name, Map<String, String> arg1) throws Exception {
        Definition.Operation operation = operations(t04).get(name);
        Map<String, String> values = new LinkedHashMap<>(Map.of(
            "arg0/authinfovo/caller", Check.environment("PORTAL_CALLER"),
            "arg0/authinfovo/ticket/ticket", Check.environment("PORTAL_TICKET"),
            "arg0/type", "2",
            "arg0/uid", Check.environment("PORTAL_UID")));
        arg1.forEach((path, value) -> values.put("arg1/" + path, value));
        String request = SampleRequest.filledIn(t04, operation, values);
        Check.equal("what XMLBeans says of the request of " + name, List.of(), t04.problemsOf(request, operation.input()));
        return answered(t04, operation, request);
    }

    private static String answered(Definition definition, Definition.Operation operation, String request) throws Exception {
        String address = definition.addressOf(definition.bindings().get(0));
        Http.Answer answer = Http.post(address, operation.soapAction(), request);
        Check.equal("status of " + operation.name(), 200, answer.status());
        Check.equal("what XMLBeans says of the answer of " + operation.name(), List.of(),
            definition.problemsOf(answer.text(), operation.output()));
        return answer.text();
    }

    private static Map<String, Definition.Operation> operations(Definition definition) {
        return definition.operationsOf(definition.bindings().get(0));
    }

    private static String text(String message, String path) throws Exception {
        List<String> found = texts(message, path);
        Check.equal("number of " + path, 1, found.size());
        return found.get(0);
    }

    private static List<String> texts(String message, String path) throws Exception {
        return Xml.texts(Xml.parsed(message), path);
    }

    private static String xml(String message, String path) throws Exception {
        return Xml.xml(Xml.found(Xml.parsed(message), path).get(0));
    }
}
