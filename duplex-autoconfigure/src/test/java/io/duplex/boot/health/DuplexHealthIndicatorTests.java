/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.health;

import java.util.Map;

import io.duplex.BackendState;
import io.duplex.BackendStatus;
import io.duplex.DuplexAddress;
import io.duplex.DuplexProxyDefinition;
import io.duplex.boot.testing.FakeDuplexEngine;
import io.duplex.boot.testing.FakeDuplexProxy;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link DuplexHealthIndicator}.
 */
class DuplexHealthIndicatorTests {

	private final FakeDuplexEngine engine = new FakeDuplexEngine();

	private final DuplexHealthIndicator indicator = new DuplexHealthIndicator(this.engine);

	@Test
	void upWithoutProxies() {
		assertThat(this.indicator.health().getStatus()).isEqualTo(Status.UP);
	}

	@Test
	void upWhileOneBackendIsUp() {
		proxy("cache")
			.backends(backend("a", BackendState.FAILING, "ECONNREFUSED: Connection refused"),
					backend("b", BackendState.UP, null))
			.start();
		Health health = this.indicator.health();
		assertThat(health.getStatus()).isEqualTo(Status.UP);
		assertThat(health.getDetails()).containsEntry("proxies", Map.of("cache", Map.of("state", "started", "backends",
				Map.of("a", "failing (ECONNREFUSED: Connection refused)", "b", "up"))));
	}

	@Test
	void downWhenNoBackendOfAProxyIsUp() {
		proxy("good").start();
		proxy("bad").backends(backend("a", BackendState.FAILING, null), backend("b", BackendState.UNRESOLVED, null))
			.start();
		Health health = this.indicator.health();
		assertThat(health.getStatus()).isEqualTo(Status.DOWN);
		assertThat(health.getDetails()).extractingByKey("proxies")
			.asString()
			.contains("bad={state=started, backends={a=failing, b=unresolved}}");
	}

	@Test
	void upWhenTheProxyWithoutBackendsIsStopped() {
		proxy("cache").backends(backend("a", BackendState.FAILING, null));
		assertThat(this.indicator.health().getStatus()).isEqualTo(Status.UP);
	}

	@Test
	void upWithAProxyThatTheApplicationRoutes() {
		this.engine.createProxy(
				DuplexProxyDefinition.builder("web").listen("tcp://127.0.0.1:0").router((connection) -> null).build())
			.start();
		Health health = this.indicator.health();
		assertThat(health.getStatus()).isEqualTo(Status.UP);
		assertThat(health.getDetails()).containsEntry("proxies", Map.of("web", Map.of("state", "started")));
	}

	private FakeDuplexProxy proxy(String name) {
		return (FakeDuplexProxy) this.engine.createProxy(
				DuplexProxyDefinition.builder(name).listen("tcp://127.0.0.1:0").backends("tcp://127.0.0.1:1").build());
	}

	private static BackendStatus backend(String name, BackendState state, @Nullable String error) {
		return new BackendStatus(name, DuplexAddress.of("tcp://127.0.0.1:1"), state, error, 0, 0, 0, 0, 0);
	}

}
