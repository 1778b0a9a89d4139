import java.util.Map;
import javax.xml.namespace.QName;
import org.apache.xmlbeans.SchemaParticle;
import org.apache.xmlbeans.SchemaType;

/** The request that SoapUI makes of an operation when it imports a WSDL: every element once, with a question mark in it. */
final class SampleRequest {
    private SampleRequest() {}

    static String of(Definition definition, Definition.Operation operation) {
        return written(definition, operation, null);
    }

    /**
     * The same with these values by path ("arg1/KursTfVO/typ"), and without what has none: as one fills it in. A value
     * that is XML stands for the whole element.
     */
    static String filledIn(Definition definition, Definition.Operation operation, Map<String, String> values) {
        return written(definition, operation, values);
    }

    private static String written(Definition definition, Definition.Operation operation, Map<String, String> values) {
        QName element = operation.input();
        StringBuilder xml = new StringBuilder();
        xml.append("<soapenv:Envelope xmlns:soapenv=\"").append(Definition.SOAP).append("\" xmlns:q=\"")
            .append(element.getNamespaceURI()).append("\">\n<soapenv:Header/>\n<soapenv:Body>\n");
        xml.append("<q:").append(element.getLocalPart()).append(">\n");
        content(xml, definition.typeOf(element).getContentModel(), "", values);
        return xml.append("</q:").append(element.getLocalPart()).append(">\n</soapenv:Body>\n</soapenv:Envelope>")
            .toString();
    }

    private static void content(StringBuilder xml, SchemaParticle particle, String path, Map<String, String> values) {
        if (particle == null) return;
        switch (particle.getParticleType()) {
            case SchemaParticle.ELEMENT -> element(xml, particle, path, values);
            case SchemaParticle.SEQUENCE -> {
                for (SchemaParticle child : particle.getParticleChildren()) content(xml, child, path, values);
            }
            default -> throw new IllegalStateException("a kind of content that the services do not have: " + path);
        }
    }

    private static void element(StringBuilder xml, SchemaParticle particle, String above, Map<String, String> values) {
        QName name = particle.getName();
        Check.equal("namespace of " + name.getLocalPart(), "", name.getNamespaceURI());
        String path = above.isEmpty() ? name.getLocalPart() : above + "/" + name.getLocalPart();
        String value = values == null ? null : values.get(path);
        if (value != null && value.startsWith("<")) {
            xml.append(value).append('\n');
            return;
        }
        if (values == null) {
            if (particle.getIntMaxOccurs() != 1) xml.append("<!--Zero or more repetitions:-->\n");
            else if (particle.getIntMinOccurs() == 0) xml.append("<!--Optional:-->\n");
        }
        SchemaType type = particle.getType();
        StringBuilder inner = new StringBuilder();
        if (type.isSimpleType()) inner.append(values == null ? "?" : value == null ? "" : escaped(value));
        else content(inner.append('\n'), type.getContentModel(), path, values);
        if (values != null && inner.toString().isBlank()) return;
        xml.append('<').append(name.getLocalPart()).append('>').append(inner)
            .append("</").append(name.getLocalPart()).append(">\n");
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;");
    }
}
