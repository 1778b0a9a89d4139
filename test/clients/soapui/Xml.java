import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import javax.xml.namespace.QName;
import org.apache.xmlbeans.XmlCursor;
import org.apache.xmlbeans.XmlException;
import org.apache.xmlbeans.XmlObject;

/** XML as XMLBeans reads it, and XPath as Saxon evaluates it for XMLBeans. */
final class Xml {
    private static final String SOAP = "declare namespace soap='" + Definition.SOAP + "'; ";

    private Xml() {}

    static XmlObject parsed(String xml) throws XmlException {
        return XmlObject.Factory.parse(xml);
    }

    /** Paths may have the prefix `soap`. */
    static List<XmlObject> found(XmlObject in, String path) {
        return List.of(in.selectPath(path.contains("soap:") ? SOAP + path : path));
    }

    static List<String> texts(XmlObject in, String path) {
        return Arrays.stream(in.selectPath(path)).map(Xml::text).toList();
    }

    static String text(XmlObject of) {
        return withCursor(of, XmlCursor::getTextValue);
    }

    static String xml(XmlObject of) {
        return withCursor(of, XmlCursor::xmlText);
    }

    static QName name(XmlObject of) {
        return withCursor(of, XmlCursor::getName);
    }

    private static <T> T withCursor(XmlObject of, Function<XmlCursor, T> read) {
        XmlCursor cursor = of.newCursor();
        try {
            return read.apply(cursor);
        } finally {
            cursor.dispose();
        }
    }
}
