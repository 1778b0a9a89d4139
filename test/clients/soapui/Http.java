import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** Sends requests with the headers of SoapUI's. */
final class Http {
    record Answer(int status, String text) {}

    private Http() {}

    static Answer post(String url, String soapAction, String request) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", "text/xml;charset=UTF-8");
        connection.setRequestProperty("SOAPAction", '"' + soapAction + '"');
        connection.setRequestProperty("Accept-Encoding", "gzip,deflate");
        connection.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
        int status = connection.getResponseCode();
        try (InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            boolean isCompressed = "gzip".equals(connection.getContentEncoding());
            InputStream read = isCompressed ? new java.util.zip.GZIPInputStream(body) : body;
            return new Answer(status, new String(read.readAllBytes(), StandardCharsets.UTF_8));
        }
    }
}
