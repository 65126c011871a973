/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.metrics;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.ToLongFunction;

import io.duplex.BackendDefinition;
import io.duplex.BackendStatus;
import io.duplex.DuplexEngine;
import io.duplex.DuplexProxy;
import io.duplex.JoinEndReason;
import io.duplex.ProxyStatistics;
import io.duplex.boot.DuplexProxyStartedEvent;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.BaseUnits;
import io.micrometer.core.instrument.binder.MeterBinder;

import org.springframework.context.ApplicationListener;
import org.springframework.util.Assert;

/**
 * {@link MeterBinder} for the proxies of an engine:
 * <ul>
 * <li>{@code duplex.connections} and {@code duplex.connections.active}, by proxy and
 * backend;</li>
 * <li>{@code duplex.connections.failed}, by proxy, backend ({@code none}) and reason:
 * {@code no-backend} when all attempts to connect failed, {@code client-gone} when the
 * client did not wait;</li>
 * <li>{@code duplex.connections.refused}, by proxy, backend ({@code none}) and reason:
 * {@code router}, {@code failure} (of the router), {@code timeout},
 * {@code exhausted};</li>
 * <li>{@code duplex.connections.ended}, by proxy, backend ({@code none}) and reason: why,
 * the names of {@link JoinEndReason} with dashes;</li>
 * <li>{@code duplex.connects.failed}, attempts to connect, by proxy and backend;</li>
 * <li>{@code duplex.bytes}, by proxy, backend and direction: {@code from-client},
 * {@code from-backend}.</li>
 * </ul>
 * What belongs to no backend, as with proxies that the application routes, has the
 * backend {@code none}. A proxy that is added later is measured from its first start on.
 */
public class DuplexMetrics implements MeterBinder, ApplicationListener<DuplexProxyStartedEvent> {

	private static final String NO_BACKEND = "none";

	private final DuplexEngine engine;

	private final List<MeterRegistry> registries = new ArrayList<>();

	private final Set<String> bound = new HashSet<>();

	/**
	 * Create new metrics.
	 * @param engine the engine
	 */
	public DuplexMetrics(DuplexEngine engine) {
		Assert.notNull(engine, "'engine' must not be null");
		this.engine = engine;
	}

	@Override
	public synchronized void bindTo(MeterRegistry registry) {
		this.registries.add(registry);
		this.engine.proxies().forEach((proxy) -> {
			this.bound.add(proxy.name());
			bind(proxy, registry);
		});
	}

	@Override
	public synchronized void onApplicationEvent(DuplexProxyStartedEvent event) {
		DuplexProxy proxy = event.getProxy();
		if (this.bound.add(proxy.name())) {
			this.registries.forEach((registry) -> bind(proxy, registry));
		}
	}

	private void bind(DuplexProxy proxy, MeterRegistry registry) {
		Binding binding = new Binding(proxy, registry);
		List<BackendDefinition> backends = proxy.definition().backends();
		for (int i = 0; i < backends.size(); i++) {
			binding.bindBackend(backends.get(i).name(), i);
		}
		if (backends.isEmpty()) {
			binding.bindRouted();
		}
		binding.bindProxy();
	}

	/**
	 * The meters of one proxy in one registry.
	 */
	private record Binding(DuplexProxy proxy, MeterRegistry registry) {

		void bindProxy() {
			failed("no-backend", ProxyStatistics::connectFailed);
			failed("client-gone", ProxyStatistics::clientGone);
			for (JoinEndReason reason : JoinEndReason.values()) {
				ended(reason);
			}
			refused("router", ProxyStatistics::refusedByRouter);
			refused("failure", ProxyStatistics::refusedByFailure);
			refused("handshake", ProxyStatistics::refusedByHandshake);
			refused("timeout", ProxyStatistics::refusedByTimeout);
			refused("exhausted", ProxyStatistics::refusedExhausted);
		}

		void bindBackend(String name, int index) {
			connections(name, status(index, BackendStatus::total), status(index, BackendStatus::active));
			counter("duplex.connects.failed", tags("backend", name), status(index, BackendStatus::failed))
				.description("Attempts to connect to a backend that failed")
				.register(this.registry);
			bytes(name, "from-client", status(index, BackendStatus::bytesFromClient));
			bytes(name, "from-backend", status(index, BackendStatus::bytesFromBackend));
		}

		void bindRouted() {
			connections(NO_BACKEND, statistic(ProxyStatistics::joined), statistic(ProxyStatistics::active));
			bytes(NO_BACKEND, "from-client", statistic(ProxyStatistics::bytesFromClient));
			bytes(NO_BACKEND, "from-backend", statistic(ProxyStatistics::bytesFromBackend));
		}

		private void connections(String backend, ToLongFunction<DuplexProxy> total,
				ToLongFunction<DuplexProxy> active) {
			Tags tags = tags("backend", backend);
			counter("duplex.connections", tags, total).description("Connections that were joined to a backend")
				.baseUnit(BaseUnits.CONNECTIONS)
				.register(this.registry);
			Gauge.builder("duplex.connections.active", this.proxy, active::applyAsLong)
				.tags(tags)
				.description("Connections that are open")
				.baseUnit(BaseUnits.CONNECTIONS)
				.register(this.registry);
		}

		private void failed(String reason, ToLongFunction<ProxyStatistics> count) {
			counter("duplex.connections.failed", tags("backend", NO_BACKEND, "reason", reason), statistic(count))
				.description("Connections that no backend was found for")
				.baseUnit(BaseUnits.CONNECTIONS)
				.register(this.registry);
		}

		private void ended(JoinEndReason reason) {
			String name = reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
			counter("duplex.connections.ended", tags("backend", NO_BACKEND, "reason", name),
					statistic((statistics) -> statistics.ended().getOrDefault(reason, 0L)))
				.description("Connections that ended")
				.baseUnit(BaseUnits.CONNECTIONS)
				.register(this.registry);
		}

		private void refused(String reason, ToLongFunction<ProxyStatistics> count) {
			counter("duplex.connections.refused", tags("backend", NO_BACKEND, "reason", reason), statistic(count))
				.description("Connections that were refused")
				.baseUnit(BaseUnits.CONNECTIONS)
				.register(this.registry);
		}

		private void bytes(String backend, String direction, ToLongFunction<DuplexProxy> count) {
			counter("duplex.bytes", tags("backend", backend, "direction", direction), count)
				.description("Bytes that were delivered")
				.baseUnit(BaseUnits.BYTES)
				.register(this.registry);
		}

		private FunctionCounter.Builder<DuplexProxy> counter(String name, Tags tags,
				ToLongFunction<DuplexProxy> count) {
			return FunctionCounter.builder(name, this.proxy, count::applyAsLong).tags(tags);
		}

		private Tags tags(String... keysAndValues) {
			return Tags.of("proxy", this.proxy.name()).and(keysAndValues);
		}

		private static ToLongFunction<DuplexProxy> statistic(ToLongFunction<ProxyStatistics> count) {
			return (proxy) -> count.applyAsLong(proxy.statistics());
		}

		private static ToLongFunction<DuplexProxy> status(int backend, ToLongFunction<BackendStatus> count) {
			return (proxy) -> count.applyAsLong(proxy.backends().get(backend));
		}

	}

}
