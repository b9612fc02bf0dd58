import java.io.ByteArrayOutputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/**
 * Transfers with the JDK's own SSLSocket, whose data connections resume the
 * session of their control connection.
 *
 *   Transfers CERTIFICATES PASSWORD COUNT WAY...
 *
 * WAY is PORT,PROTOCOL,TICKETS: 2121,TLSv1.3,true; a login for each.
 */
public final class Transfers {
	private static final String HOST = "localhost";
	private static final String TICKETS =
	    "jdk.tls.client.enableSessionTicketExtension";

	private final SSLSocketFactory factory;
	private final int port;
	private final String protocol;
	private Socket control;

	private Transfers(SSLSocketFactory factory, int port, String protocol) {
		this.factory = factory;
		this.port = port;
		this.protocol = protocol;
	}

	public static void main(String[] args) throws Exception {
		int count = Integer.parseInt(args[2]);
		for (String way : Arrays.copyOfRange(args, 3, args.length)) {
			String[] parts = way.split(",");
			// A context looks at this when it is made; and each login
			// needs a context of its own, since the sessions in one
			// are found by host and port alone.
			System.setProperty(TICKETS, parts[2]);
			SSLSocketFactory factory = context(args[0]);
			new Transfers(factory, Integer.parseInt(parts[0]), parts[1])
			    .run(args[1], count);
			System.out.println("done " + way);
		}
	}

	private static SSLSocketFactory context(String path) throws Exception {
		KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
		store.load(null, null);
		try (InputStream in = new FileInputStream(path)) {
			for (Certificate each : CertificateFactory
			    .getInstance("X.509").generateCertificates(in)) {
				store.setCertificateEntry("server" +
				    store.size(), each);
			}
		}
		TrustManagerFactory trust = TrustManagerFactory.getInstance(
		    TrustManagerFactory.getDefaultAlgorithm());
		trust.init(store);
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(null, trust.getTrustManagers(), null);
		return context.getSocketFactory();
	}

	private SSLSocket wrap(Socket raw) throws IOException {
		// Else the end waits until all before it is acknowledged.
		raw.setTcpNoDelay(true);
		SSLSocket socket = (SSLSocket) factory.createSocket(raw, HOST, port,
		    true);
		socket.setEnabledProtocols(new String[] {protocol});
		socket.startHandshake();
		return socket;
	}

	private void run(String password, int count) throws IOException {
		control = new Socket(HOST, port);
		expect("220");
		command("AUTH TLS", "234");
		control = wrap(control);
		command("USER alice", "331");
		command("PASS " + password, "230");
		command("PBSZ 0", "200");
		command("PROT P", "200");
		command("TYPE I", "200");
		byte[] contents = new byte[20000];
		for (int round = 0; round < count; round += 2) {
			Arrays.fill(contents, (byte) round);
			send("STOR java.bin", contents);
			if (!Arrays.equals(receive("RETR java.bin"), contents)) {
				throw new IOException("other contents");
			}
		}
		command("QUIT", "221");
		control.close();
	}

	/**
	 * A data connection that passes for one to the control port.  A session
	 * is looked up by the port that the socket below names, whatever was
	 * said to createSocket().
	 */
	private static final class DataSocket extends Socket {
		private final int shown;

		DataSocket(int port, int shown) throws IOException {
			super(HOST, port);
			this.shown = shown;
		}

		@Override
		public int getPort() {
			return shown;
		}
	}

	private SSLSocket data(String command) throws IOException {
		Matcher found = Pattern.compile("\\|\\|\\|(\\d+)\\|").matcher(
		    command("EPSV", "229"));
		if (!found.find()) {
			throw new IOException("no port");
		}
		Socket raw = new DataSocket(Integer.parseInt(found.group(1)), port);
		command(command, "150");
		return wrap(raw);
	}

	private void send(String command, byte[] contents) throws IOException {
		try (SSLSocket data = data(command)) {
			data.getOutputStream().write(contents);
		}
		expect("226");
	}

	private byte[] receive(String command) throws IOException {
		byte[] contents;
		try (SSLSocket data = data(command)) {
			contents = data.getInputStream().readAllBytes();
		}
		expect("226");
		return contents;
	}

	private String command(String text, String code) throws IOException {
		OutputStream out = control.getOutputStream();
		out.write((text + "\r\n").getBytes(StandardCharsets.US_ASCII));
		return expect(code);
	}

	/** The last line of a reply, which must have that code. */
	private String expect(String code) throws IOException {
		String line;
		do {
			line = line();
		} while (line.length() < 4 || line.charAt(3) != ' ');
		if (!line.startsWith(code)) {
			throw new IOException(line + ", not " + code);
		}
		return line;
	}

	private String line() throws IOException {
		ByteArrayOutputStream line = new ByteArrayOutputStream();
		InputStream in = control.getInputStream();
		for (int next = in.read(); next != '\n'; next = in.read()) {
			if (next < 0) {
				throw new IOException("the server has gone");
			}
			line.write(next);
		}
		return line.toString(StandardCharsets.US_ASCII);
	}
}
