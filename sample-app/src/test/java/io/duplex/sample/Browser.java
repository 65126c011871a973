/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import com.jayway.jsonpath.JsonPath;
import org.jspecify.annotations.Nullable;

import static org.awaitility.Awaitility.await;

/**
 * A headless Chromium with one page, driven through its DevTools protocol.
 */
final class Browser implements AutoCloseable {

	private static final Duration LIMIT = Duration.ofMinutes(1);

	private final Path folder;

	private final Process process;

	private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

	private final WebSocket page;

	private int commands;

	/**
	 * Start a browser.
	 * @param folder is empty, and takes its profile
	 */
	Browser(Path folder) throws Exception {
		this.folder = folder;
		this.process = new ProcessBuilder(program().orElseThrow().toString(), "--headless", "--no-sandbox",
				"--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
				"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-port=0",
				"--window-size=900,700", "--user-data-dir=" + folder.resolve("profile"), "about:blank")
			.redirectErrorStream(true)
			.redirectOutput(folder.resolve("browser.log").toFile())
			.start();
		try {
			this.page = connect(pageUrl());
		}
		catch (Exception | Error ex) {
			this.process.destroyForcibly();
			throw ex;
		}
	}

	/**
	 * The browser of this machine.
	 * @return its program, if there is one
	 */
	static Optional<Path> program() {
		return Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
			.map(Path::of)
			.filter(Files::isExecutable)
			.findFirst();
	}

	/** The browser writes where it listens, and tells there what it shows. */
	private String pageUrl() throws Exception {
		Path port = this.folder.resolve("profile").resolve("DevToolsActivePort");
		await().atMost(LIMIT).until(() -> Files.exists(port) && Files.readAllLines(port).size() == 2);
		URI list = URI.create("http://127.0.0.1:" + Files.readAllLines(port).get(0) + "/json/list");
		String[] url = new String[1];
		await().atMost(LIMIT).until(() -> {
			url[0] = firstPage(list);
			return url[0] != null;
		});
		return url[0];
	}

	private static @Nullable String firstPage(URI list) throws IOException, InterruptedException {
		String pages = HttpClient.newHttpClient()
			.send(HttpRequest.newBuilder(list).build(), BodyHandlers.ofString())
			.body();
		return JsonPath.<List<String>>read(pages, "$[?(@.type == 'page')].webSocketDebuggerUrl")
			.stream()
			.findFirst()
			.orElse(null);
	}

	private WebSocket connect(String url) {
		return HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create(url), new WebSocket.Listener() {

			private final StringBuilder text = new StringBuilder();

			@Override
			public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
				this.text.append(data);
				if (last) {
					Browser.this.answers.add(this.text.toString());
					this.text.setLength(0);
				}
				socket.request(1);
				return null;
			}

		}).join();
	}

	/**
	 * Go to a page.
	 * @param url its address
	 */
	void open(String url) {
		command("Page.navigate", Map.of("url", url));
	}

	/**
	 * Run some JavaScript in the page.
	 * @param script an expression
	 * @return its value, as text
	 */
	String evaluate(String script) {
		String answer = command("Runtime.evaluate", Map.of("expression", "String(" + script + ")"));
		return JsonPath.read(answer, "$.result.result.value");
	}

	/**
	 * Take a picture of the page.
	 * @param file takes the PNG
	 */
	void screenshot(Path file) throws IOException {
		String answer = command("Page.captureScreenshot", Map.of());
		Files.write(file, Base64.getDecoder().decode(JsonPath.<String>read(answer, "$.result.data")));
	}

	private String command(String method, Map<String, ?> parameters) {
		int id = ++this.commands;
		String command = JsonPath.parse(Map.of("id", id, "method", method, "params", parameters)).jsonString();
		this.page.sendText(command, true).join();
		while (true) {
			String answer = next();
			// Others are events.
			if (answer.startsWith("{\"id\":" + id + ",")) {
				return answer;
			}
		}
	}

	private String next() {
		try {
			String answer = this.answers.poll(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
			if (answer == null) {
				throw new IllegalStateException("The browser does not answer");
			}
			return answer;
		}
		catch (InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

	@Override
	public void close() throws InterruptedException {
		this.page.abort();
		this.process.destroy();
		if (!this.process.waitFor(10, TimeUnit.SECONDS)) {
			this.process.destroyForcibly().waitFor();
		}
	}

}
