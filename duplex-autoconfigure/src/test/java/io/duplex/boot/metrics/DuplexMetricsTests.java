/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.metrics;

import java.util.Map;

import io.duplex.BackendState;
import io.duplex.BackendStatus;
import io.duplex.DuplexAddress;
import io.duplex.DuplexProxyDefinition;
import io.duplex.JoinEndReason;
import io.duplex.ProxyStatistics;
import io.duplex.boot.testing.FakeDuplexEngine;
import io.duplex.boot.testing.FakeDuplexProxy;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link DuplexMetrics}.
 */
class DuplexMetricsTests {

	private static final ProxyStatistics STATISTICS = new ProxyStatistics(100, 9, 1, 80, 2, 3, 4, 8, 5, 6, 7, 1000,
			2000, Map.of(JoinEndReason.RESET, 13L));

	private final FakeDuplexEngine engine = new FakeDuplexEngine();

	private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

	@Test
	void proxyWithBackends() {
		FakeDuplexProxy proxy = (FakeDuplexProxy) this.engine.createProxy(DuplexProxyDefinition.builder("cache")
			.listen("tcp://127.0.0.1:0")
			.backends("tcp://127.0.0.1:1", "tcp://127.0.0.1:2")
			.build());
		proxy.statistics(STATISTICS)
			.backends(status("127.0.0.1:1", 5, 50, 11, 600), status("127.0.0.1:2", 4, 30, 12, 400));
		new DuplexMetrics(this.engine).bindTo(this.registry);
		assertThat(counter("duplex.connections", "proxy", "cache", "backend", "127.0.0.1:1")).isEqualTo(50);
		assertThat(counter("duplex.connections", "proxy", "cache", "backend", "127.0.0.1:2")).isEqualTo(30);
		assertThat(gauge("duplex.connections.active", "proxy", "cache", "backend", "127.0.0.1:1")).isEqualTo(5);
		assertThat(gauge("duplex.connections.active", "proxy", "cache", "backend", "127.0.0.1:2")).isEqualTo(4);
		assertThat(counter("duplex.connects.failed", "proxy", "cache", "backend", "127.0.0.1:1")).isEqualTo(11);
		assertThat(counter("duplex.connects.failed", "proxy", "cache", "backend", "127.0.0.1:2")).isEqualTo(12);
		assertThat(failed("cache", "none", "no-backend")).isEqualTo(2);
		assertThat(failed("cache", "none", "client-gone")).isEqualTo(7);
		assertThat(bytes("cache", "127.0.0.1:1", "from-client")).isEqualTo(600);
		assertThat(bytes("cache", "127.0.0.1:1", "from-backend")).isEqualTo(1200);
		assertThat(bytes("cache", "127.0.0.1:2", "from-client")).isEqualTo(400);
		assertThat(bytes("cache", "127.0.0.1:2", "from-backend")).isEqualTo(800);
		assertThat(this.registry.get("duplex.bytes").functionCounters())
			.extracting((meter) -> meter.getId().getBaseUnit())
			.containsOnly("bytes");
	}

	@Test
	void proxyThatTheApplicationRoutes() {
		FakeDuplexProxy proxy = (FakeDuplexProxy) this.engine.createProxy(
				DuplexProxyDefinition.builder("web").listen("tcp://127.0.0.1:0").router((connection) -> null).build());
		proxy.statistics(STATISTICS);
		new DuplexMetrics(this.engine).bindTo(this.registry);
		assertThat(counter("duplex.connections.ended", "proxy", "web", "reason", "reset")).isEqualTo(13);
		assertThat(counter("duplex.connections.ended", "proxy", "web", "reason", "client-closed")).isEqualTo(0);
		assertThat(bytes("web", "none", "from-client")).isEqualTo(1000);
		assertThat(bytes("web", "none", "from-backend")).isEqualTo(2000);
		assertThat(counter("duplex.connections", "proxy", "web", "backend", "none")).isEqualTo(80);
		assertThat(gauge("duplex.connections.active", "proxy", "web", "backend", "none")).isEqualTo(9);
		assertThat(counter("duplex.connections.refused", "proxy", "web", "reason", "router")).isEqualTo(3);
		assertThat(counter("duplex.connections.refused", "proxy", "web", "reason", "failure")).isEqualTo(4);
		assertThat(counter("duplex.connections.refused", "proxy", "web", "reason", "handshake")).isEqualTo(8);
		assertThat(counter("duplex.connections.refused", "proxy", "web", "reason", "timeout")).isEqualTo(5);
		assertThat(counter("duplex.connections.refused", "proxy", "web", "reason", "exhausted")).isEqualTo(6);
	}

	private double failed(String proxy, String backend, String reason) {
		return counter("duplex.connections.failed", "proxy", proxy, "backend", backend, "reason", reason);
	}

	private double bytes(String proxy, String backend, String direction) {
		return counter("duplex.bytes", "proxy", proxy, "backend", backend, "direction", direction);
	}

	private double counter(String name, String... tags) {
		FunctionCounter counter = this.registry.get(name).tags(tags).functionCounter();
		return counter.count();
	}

	private double gauge(String name, String... tags) {
		return this.registry.get(name).tags(tags).gauge().value();
	}

	private static BackendStatus status(String name, long active, long total, long failed, long bytes) {
		return new BackendStatus(name, DuplexAddress.of("tcp://127.0.0.1:1"), BackendState.UP, null, active, total,
				failed, bytes, 2 * bytes);
	}

}
