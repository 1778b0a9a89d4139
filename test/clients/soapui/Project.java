import java.io.File;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.namespace.QName;
import org.apache.xmlbeans.XmlObject;

/** A SoapUI project, run: interfaces from its definition cache, each test step sent, its assertions evaluated. */
final class Project {
    private static final String CON = "http://eviware.com/soapui/config";
    private static final Pattern PROPERTY = Pattern.compile("\\$\\{#Project#([^}]*)}");

    private record Interface(Definition definition, Map<String, Definition.Operation> operations) {}

    private final XmlObject root;
    private final Map<String, String> properties = new HashMap<>();
    private final Map<String, Interface> interfaces = new HashMap<>();

    private Project(XmlObject root) {
        this.root = root;
    }

    /** With another `endpoint` than the project's. */
    static void run(String file, String endpoint) throws Exception {
        Project project = new Project(child(XmlObject.Factory.parse(new File(file)), "soapui-project"));
        for (XmlObject property : children(child(project.root, "properties"), "property"))
            project.properties.put(Xml.text(child(property, "name")), Xml.text(child(property, "value")));
        Check.that("the project has its endpoint as a property", project.properties.put("endpoint", endpoint) != null);
        for (XmlObject each : children(project.root, "interface")) project.open(each);
        List<String> failed = new ArrayList<>();
        for (XmlObject suite : children(project.root, "testSuite"))
            for (XmlObject testCase : children(suite, "testCase"))
                for (XmlObject step : children(testCase, "testStep")) failed.addAll(project.problemsOf(suite, step));
        Check.equal("assertions of the project that do not hold", List.of(), failed);
    }

    /** From its definition cache alone, as without a network. */
    private void open(XmlObject of) throws Exception {
        String url = attribute(of, "definition");
        XmlObject cache = child(of, "definitionCache");
        Check.equal("root of the definition cache", url, attribute(cache, "rootPart"));
        XmlObject part = child(cache, "part");
        Check.equal("address of the cached definition", url, Xml.text(child(part, "url")));
        Definition definition = Definition.of(url, Xml.text(child(part, "content")));
        QName binding = QName.valueOf(attribute(of, "bindingName"));
        Map<String, Definition.Operation> operations = definition.operationsOf(binding);
        List<XmlObject> listed = children(of, "operation");
        Check.equal("operations", List.copyOf(operations.keySet()),
            listed.stream().map((operation) -> attribute(operation, "bindingOperationName")).toList());
        for (XmlObject operation : listed) {
            Definition.Operation bound = operations.get(attribute(operation, "name"));
            Check.equal("action of " + bound.name(), bound.soapAction(), attribute(operation, "action"));
            Check.that(bound.name() + " is bound",
                definition.isBound(binding, bound.name(), attribute(operation, "inputName")));
            XmlObject call = child(operation, "call");
            Http.Answer answer = Http.post(
                expanded(Xml.text(child(call, "endpoint"))), bound.soapAction(), expanded(Xml.text(child(call, "request"))));
            Check.equal("what XMLBeans says of the answer to " + bound.name(), List.of(),
                definition.problemsOf(answer.text(), bound.output()));
        }
        interfaces.put(attribute(of, "name"), new Interface(definition, operations));
    }

    private List<String> problemsOf(XmlObject suite, XmlObject step) throws Exception {
        XmlObject config = child(step, "config");
        XmlObject request = child(config, "request");
        Interface of = interfaces.get(Xml.text(child(config, "interface")));
        Definition.Operation operation = of.operations().get(Xml.text(child(config, "operation")));
        Http.Answer answer = Http.post(
            expanded(Xml.text(child(request, "endpoint"))), operation.soapAction(), expanded(Xml.text(child(request, "request"))));
        XmlObject message = Xml.parsed(answer.text());
        List<String> failed = new ArrayList<>();
        List<XmlObject> assertions = children(request, "assertion");
        Check.that(attribute(step, "name") + " has assertions", assertions.size() > 2);
        for (XmlObject assertion : assertions) {
            String problem = switch (attribute(assertion, "type")) {
                case "SOAP Response" -> Xml.found(message, "/soap:Envelope/soap:Body/*").size() == 1 ? "" : "no message";
                case "Schema Compliance" ->
                    String.join("; ", of.definition().problemsOf(answer.text(), operation.output()));
                // SoapUI calls both of these the opposite of what they assert.
                case "SOAP Fault Assertion" -> isFault(message) ? "a fault" : "";
                case "Not SOAP Fault Assertion" -> isFault(message) ? "" : "no fault";
                case "XPath Match" -> mismatch(message, child(assertion, "configuration"));
                default -> "no assertion of SoapUI's";
            };
            String name = attribute(suite, "name") + ", " + attribute(step, "name") + ", " + attribute(assertion, "name");
            if (!problem.isEmpty()) failed.add(name + ": " + problem);
        }
        return failed;
    }

    private static boolean isFault(XmlObject message) {
        return Xml.found(message, "/soap:Envelope/soap:Body/soap:Fault").size() == 1;
    }

    /** As SoapUI: one of what is found has to be the content. */
    private String mismatch(XmlObject message, XmlObject configuration) {
        String path = Xml.text(configuration.selectChildren("", "path")[0]);
        String content = expanded(Xml.text(configuration.selectChildren("", "content")[0]));
        List<String> found = Xml.texts(message, path);
        return found.contains(content) ? "" : path + " gives " + found + ", not " + content;
    }

    private String expanded(String text) {
        return PROPERTY.matcher(text).replaceAll((found) -> {
            String value = properties.get(found.group(1));
            if (value == null) throw new IllegalStateException("the project has no property " + found.group(1));
            return Matcher.quoteReplacement(value);
        });
    }

    private static XmlObject child(XmlObject of, String name) {
        List<XmlObject> found = children(of, name);
        Check.equal("number of con:" + name, 1, found.size());
        return found.get(0);
    }

    private static List<XmlObject> children(XmlObject of, String name) {
        return List.of(of.selectChildren(CON, name));
    }

    private static String attribute(XmlObject of, String name) {
        XmlObject found = of.selectAttribute("", name);
        if (found == null) throw new IllegalStateException("no attribute " + name);
        return Xml.text(found);
    }
}
