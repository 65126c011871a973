/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

import io.duplex.DuplexEngine;
import io.duplex.JoinEndReason;
import io.duplex.boot.DuplexProxyRegistry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The page of the sample in a real browser, which talks through the gateway to a backend
 * that knows nothing of WebSockets. Its picture is in {@code target/gateway-page.png}.
 */
@EnabledIf(value = "hasBrowser", disabledReason = "no Chromium on this machine: apt-get install chromium")
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT,
		properties = { "sample.handshake=tcp://127.0.0.1:0", "duplex.proxies.echo.listen=tcp://127.0.0.1:0",
				"duplex.proxies.byclient.listen=tcp://127.0.0.1:0",
				"duplex.proxies.gateway.listen=ws://127.0.0.1:0/echo", "duplex.proxies.gateway.websocket.origins=" })
@DirtiesContext
class GatewayPageTests {

	private static final Duration SOON = Duration.ofMinutes(1);

	@LocalServerPort
	private int webPort;

	@Autowired
	private DuplexProxyRegistry registry;

	@Autowired
	private DuplexEngine engine;

	/** The browser may write while it ends. */
	@TempDir(cleanup = CleanupMode.NEVER)
	private Path folder;

	static boolean hasBrowser() {
		return Browser.program().isPresent();
	}

	@Test
	void aBrowserTalksToATcpServer() throws Exception {
		Map<JoinEndReason, Long> before = ended();
		try (Browser browser = new Browser(this.folder)) {
			browser.open("http://127.0.0.1:" + this.webPort + "/");
			String log = "Array.from(document.querySelectorAll('#log li'), (line) => line.className + ' ' + line.textContent).join('|')";
			await().atMost(SOON)
				.untilAsserted(() -> assertThat(browser.evaluate(log)).isEqualTo("note open|received alpha"));
			browser.evaluate("(document.getElementById('text').value = 'Hällo, Wörld \u2603', "
					+ "document.getElementById('form').requestSubmit())");
			await().atMost(SOON)
				.untilAsserted(() -> assertThat(browser.evaluate(log))
					.endsWith("|sent Hällo, Wörld \u2603|received Hällo, Wörld \u2603"));
			browser.screenshot(Path.of("target", "gateway-page.png"));
			browser.evaluate("document.getElementById('close').click()");
			await().atMost(SOON)
				.untilAsserted(() -> assertThat(browser.evaluate(log)).endsWith("|note closed, code 1000"));
		}
		await().until(() -> this.engine.statistics().joinsActive() == 0);
		Map<JoinEndReason, Long> expected = new HashMap<>(before);
		expected.merge(JoinEndReason.CLIENT_CLOSED, 1L, Long::sum);
		assertThat(ended()).isEqualTo(expected);
	}

	private Map<JoinEndReason, Long> ended() {
		return this.registry.findProxy("gateway").orElseThrow().statistics().ended();
	}

	@Test
	void fragmentsPingsAndMegabytesGoThroughABrowser() throws Exception {
		String url = "ws://127.0.0.1:" + this.registry.findProxy("gateway").orElseThrow().port() + "/echo";
		try (Browser browser = new Browser(this.folder)) {
			browser.open("http://127.0.0.1:" + this.webPort + "/");
			await().atMost(SOON).until(() -> browser.evaluate("document.readyState").equals("complete"));
			// A line has no line feed; a megabyte has many sizes of frames on its way
			// back.
			browser.evaluate("(window.result = 'none', window.big = 'x'.repeat(1 << 20) + '\u00e9', "
					+ "window.ws = new WebSocket('" + url + "'), ws.onopen = () => ws.send(big), "
					+ "ws.onmessage = (e) => { if (e.data !== 'alpha') result = String(e.data === big); })");
			await().atMost(SOON).untilAsserted(() -> assertThat(browser.evaluate("result")).isEqualTo("true"));
			browser.evaluate("(result = 'none', ws.onclose = (e) => result = 'closed ' + e.code, ws.send('a\\nb'))");
			// Two lines cannot be one: the other side's codec has no words for it.
			await().atMost(SOON).untilAsserted(() -> assertThat(browser.evaluate("result")).startsWith("closed "));
		}
	}

}
