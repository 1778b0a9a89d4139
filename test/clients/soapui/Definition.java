import java.io.StringReader;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.wsdl.Binding;
import javax.wsdl.BindingOperation;
import javax.wsdl.Message;
import javax.wsdl.Part;
import javax.wsdl.Port;
import javax.wsdl.Service;
import javax.wsdl.WSDLException;
import javax.wsdl.extensions.schema.Schema;
import javax.wsdl.extensions.soap.SOAPAddress;
import javax.wsdl.extensions.soap.SOAPBinding;
import javax.wsdl.extensions.soap.SOAPOperation;
import javax.wsdl.factory.WSDLFactory;
import javax.wsdl.xml.WSDLReader;
import javax.xml.namespace.QName;
import org.apache.xmlbeans.SchemaGlobalElement;
import org.apache.xmlbeans.SchemaType;
import org.apache.xmlbeans.SchemaTypeSystem;
import org.apache.xmlbeans.XmlBeans;
import org.apache.xmlbeans.XmlError;
import org.apache.xmlbeans.XmlException;
import org.apache.xmlbeans.XmlObject;
import org.apache.xmlbeans.XmlOptions;
import org.xml.sax.InputSource;

/** A WSDL as SoapUI imports it: read by WSDL4J, its schema compiled by XMLBeans. */
final class Definition {
    /** Of a binding for SOAP 1.1, document/literal. */
    record Operation(String name, String soapAction, QName input, QName output) {}

    static final String SOAP = "http://schemas.xmlsoap.org/soap/envelope/";

    private final javax.wsdl.Definition wsdl;
    private final SchemaTypeSystem types;

    private Definition(javax.wsdl.Definition wsdl) throws XmlException {
        this.wsdl = wsdl;
        this.types = compiled(wsdl);
    }

    static Definition at(String url) throws WSDLException, XmlException {
        return new Definition(reader().readWSDL(url));
    }

    static Definition of(String url, String text) throws WSDLException, XmlException {
        return new Definition(reader().readWSDL(url, new InputSource(new StringReader(text))));
    }

    private static WSDLReader reader() throws WSDLException {
        WSDLReader reader = WSDLFactory.newInstance().newWSDLReader();
        reader.setFeature("javax.wsdl.verbose", false);
        return reader;
    }

    private static SchemaTypeSystem compiled(javax.wsdl.Definition wsdl) throws XmlException {
        List<XmlObject> schemas = new ArrayList<>();
        for (Object element : wsdl.getTypes().getExtensibilityElements()) {
            if (element instanceof Schema schema) schemas.add(XmlObject.Factory.parse(schema.getElement()));
        }
        List<XmlError> errors = new ArrayList<>();
        SchemaTypeSystem types = XmlBeans.compileXsd(
            schemas.toArray(new XmlObject[0]), XmlBeans.getBuiltinTypeSystem(), new XmlOptions().setErrorListener(errors));
        Check.equal("what XMLBeans says of the schema of " + wsdl.getQName(), List.of(), errors);
        return types;
    }

    /** Names of the bindings for SOAP 1.1. */
    List<QName> bindings() {
        List<QName> names = new ArrayList<>();
        for (Object binding : wsdl.getBindings().values()) {
            if (extensionOf(((Binding) binding).getExtensibilityElements(), SOAPBinding.class) != null)
                names.add(((Binding) binding).getQName());
        }
        return names;
    }

    String addressOf(QName binding) {
        for (Object service : wsdl.getServices().values()) {
            for (Object port : ((Service) service).getPorts().values()) {
                if (!((Port) port).getBinding().getQName().equals(binding)) continue;
                return extensionOf(((Port) port).getExtensibilityElements(), SOAPAddress.class).getLocationURI();
            }
        }
        throw new IllegalStateException("no port of " + binding);
    }

    /** By name, in the WSDL's order. */
    Map<String, Operation> operationsOf(QName binding) {
        Map<String, Operation> operations = new LinkedHashMap<>();
        for (Object each : wsdl.getBinding(binding).getBindingOperations()) {
            BindingOperation bound = (BindingOperation) each;
            SOAPOperation soap = extensionOf(bound.getExtensibilityElements(), SOAPOperation.class);
            operations.put(bound.getName(), new Operation(
                bound.getName(),
                soap.getSoapActionURI(),
                elementOf(bound.getOperation().getInput().getMessage()),
                elementOf(bound.getOperation().getOutput().getMessage())));
        }
        return operations;
    }

    /** As SoapUI looks up what an operation of a project is bound to. */
    boolean isBound(QName binding, String operation, String inputName) {
        return wsdl.getBinding(binding).getBindingOperation(operation, inputName, null) != null;
    }

    private static QName elementOf(Message message) {
        Collection<?> parts = message.getParts().values();
        Check.equal("number of parts of " + message.getQName(), 1, parts.size());
        return ((Part) parts.iterator().next()).getElementName();
    }

    private static <T> T extensionOf(List<?> extensions, Class<T> kind) {
        return extensions.stream().filter(kind::isInstance).map(kind::cast).findFirst().orElse(null);
    }

    SchemaType typeOf(QName element) {
        SchemaGlobalElement declared = types.findElement(element);
        if (declared == null) throw new IllegalStateException("the schema has no " + element);
        return declared.getType();
    }

    /** What XMLBeans finds wrong with a message in which this element must stand, and nothing else. */
    List<String> problemsOf(String envelope, QName element) throws XmlException {
        List<XmlObject> content = Xml.found(Xml.parsed(envelope), "/soap:Envelope/soap:Body/*");
        if (content.size() != 1) return List.of(content.size() + " elements in the Body");
        QName name = Xml.name(content.get(0));
        if (!element.equals(name)) return List.of(name + " in the Body, not " + element);
        XmlObject typed = types.parse(Xml.xml(content.get(0)), types.findDocumentType(element), new XmlOptions());
        List<XmlError> errors = new ArrayList<>();
        typed.validate(new XmlOptions().setErrorListener(errors));
        return errors.stream().map(XmlError::toString).toList();
    }
}
