import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Client URL AUTHORITIES: Java's own client goes through what every client has to. */
public class Client {
    private static void expect(Object got, Object wanted) {
        if (!got.equals(wanted)) throw new AssertionError("got " + got + ", not " + wanted);
    }

    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        HttpClient client = HttpClient.newBuilder().sslContext(trusting(arguments[1])).build();
        var hello = client.send(get(url + "/hello?x=1"), BodyHandlers.ofString());
        expect(hello.body(), "GET /hello?x=1 0");
        expect(hello.version(), url.startsWith("https") ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1);
        var form = request(url + "/form").POST(BodyPublishers.ofByteArray(new byte[1_002])).build();
        expect(client.send(form, BodyHandlers.ofString()).body(), "POST /form 1002");
        var stream = request(url + "/stream")
            .PUT(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[300_000]))).build();
        expect(client.send(stream, BodyHandlers.ofString()).body(), "PUT /stream 300000");
        expect(client.send(get(url + "/large?1000000"), BodyHandlers.ofByteArray()).body().length, 1_000_000);
        var head = request(url + "/hello").method("HEAD", BodyPublishers.noBody()).build();
        expect(client.send(head, BodyHandlers.ofString()).body(), "");
        var many = IntStream.range(0, 40)
            .mapToObj(number -> client.sendAsync(get(url + "/" + number), BodyHandlers.ofString())).toList();
        for (int number = 0; number < many.size(); number++) expect(many.get(number).get().body(), "GET /" + number + " 0");
    }

    private static HttpRequest.Builder request(String url) { return HttpRequest.newBuilder(URI.create(url)); }

    private static HttpRequest get(String url) { return request(url).GET().build(); }

    private static SSLContext trusting(String authorities) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null);
        try (var file = new FileInputStream(authorities)) {
            store.setCertificateEntry("authority", CertificateFactory.getInstance("X.509").generateCertificate(file));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }
}
