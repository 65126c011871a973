/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.health;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import io.duplex.BackendState;
import io.duplex.BackendStatus;
import io.duplex.DuplexEngine;
import io.duplex.DuplexProxy;
import io.duplex.ProxyState;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.util.Assert;

/**
 * {@link HealthIndicator} for Duplex. Down when a proxy that listens has backends, and
 * none of them is up. A proxy that does not listen is stopped on purpose, and does not
 * count.
 */
public class DuplexHealthIndicator extends AbstractHealthIndicator {

	private final DuplexEngine engine;

	/**
	 * Create a new indicator.
	 * @param engine the engine
	 */
	public DuplexHealthIndicator(DuplexEngine engine) {
		super("Duplex health check failed");
		Assert.notNull(engine, "'engine' must not be null");
		this.engine = engine;
	}

	@Override
	protected void doHealthCheck(Health.Builder builder) {
		builder.up();
		Map<String, Object> details = new LinkedHashMap<>();
		for (DuplexProxy proxy : this.engine.proxies()) {
			ProxyState state = proxy.state();
			List<BackendStatus> backends = proxy.backends();
			if (isListening(state) && !backends.isEmpty() && backends.stream().noneMatch(this::isUp)) {
				builder.down();
			}
			details.put(proxy.name(), details(state, backends));
		}
		builder.withDetail("proxies", details);
	}

	private Map<String, Object> details(ProxyState state, List<BackendStatus> backends) {
		Map<String, Object> details = new LinkedHashMap<>();
		details.put("state", word(state));
		if (!backends.isEmpty()) {
			Map<String, String> states = new LinkedHashMap<>();
			backends.forEach((backend) -> states.put(backend.name(), describe(backend)));
			details.put("backends", states);
		}
		return details;
	}

	private String describe(BackendStatus backend) {
		return word(backend.state()) + ((backend.error() != null) ? " (" + backend.error() + ")" : "");
	}

	private boolean isListening(ProxyState state) {
		return state == ProxyState.STARTED || state == ProxyState.PAUSED;
	}

	private boolean isUp(BackendStatus backend) {
		return backend.state() == BackendState.UP;
	}

	private String word(Enum<?> state) {
		return state.name().toLowerCase(Locale.ROOT);
	}

}
