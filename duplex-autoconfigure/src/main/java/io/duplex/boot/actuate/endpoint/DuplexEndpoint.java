/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.actuate.endpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.duplex.BackendStatus;
import io.duplex.Codec;
import io.duplex.DuplexEngine;
import io.duplex.DuplexProxy;
import io.duplex.DuplexProxyDefinition;
import io.duplex.EngineStatistics;
import io.duplex.ProxyStatistics;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.util.Assert;

/**
 * {@link Endpoint @Endpoint} to expose the state of the engine and its proxies.
 */
@Endpoint(id = "duplex")
public class DuplexEndpoint {

	private final DuplexEngine engine;

	/**
	 * Create a new endpoint.
	 * @param engine the engine
	 */
	public DuplexEndpoint(DuplexEngine engine) {
		Assert.notNull(engine, "'engine' must not be null");
		this.engine = engine;
	}

	/**
	 * Describe the engine and all its proxies.
	 * @return the description
	 */
	@ReadOperation
	public DuplexDescriptor duplex() {
		Map<String, ProxyDescriptor> proxies = new LinkedHashMap<>();
		this.engine.proxies().forEach((proxy) -> proxies.put(proxy.name(), ProxyDescriptor.of(proxy)));
		return new DuplexDescriptor(EngineDescriptor.of(this.engine), proxies);
	}

	/**
	 * Describe one proxy.
	 * @param proxy its name
	 * @return the description, or {@code null} if there is no such proxy
	 */
	@ReadOperation
	public @Nullable ProxyDescriptor proxy(@Selector String proxy) {
		return this.engine.findProxy(proxy).map(ProxyDescriptor::of).orElse(null);
	}

	/**
	 * Description of an engine and its proxies.
	 *
	 * @param engine the engine
	 * @param proxies the proxies by name
	 */
	public record DuplexDescriptor(EngineDescriptor engine,
			Map<String, ProxyDescriptor> proxies) implements OperationResponseBody {

	}

	/**
	 * Description of an engine.
	 *
	 * @param version version of the native library
	 * @param workers number of threads that move bytes
	 * @param uptime age of the engine, in ISO-8601 form
	 * @param joins number of joins
	 * @param bytes bytes that all joins have delivered
	 * @param pipes number of pipes that the engine owns, in use and pooled
	 * @param errors how often the engine met a lack of descriptors, memory or ports
	 */
	public record EngineDescriptor(String version, int workers, String uptime, JoinCountDescriptor joins, long bytes,
			long pipes, long errors) {

		static EngineDescriptor of(DuplexEngine engine) {
			EngineStatistics statistics = engine.statistics();
			return new EngineDescriptor(engine.version(), statistics.workers(), statistics.uptime().toString(),
					new JoinCountDescriptor(statistics.joinsActive(), statistics.joinsTotal()), statistics.bytes(),
					statistics.pipesInUse() + statistics.pipesPooled(), statistics.exhausted());
		}

	}

	/**
	 * Number of joins.
	 *
	 * @param active joins now
	 * @param total joins since the start
	 */
	public record JoinCountDescriptor(long active, long total) {

	}

	/**
	 * Description of a proxy.
	 *
	 * @param state what it does: started, paused, stopping, draining, stopped or closed
	 * @param listen where it listens
	 * @param port the TCP port that was bound, or {@code null} if none was
	 * @param connections numbers of connections
	 * @param bytes numbers of bytes
	 * @param codecs how bytes become messages, or {@code null} where they do not
	 * @param backends the backends, none for a proxy that the application routes
	 */
	public record ProxyDescriptor(String state, String listen, @Nullable Integer port,
			@Nullable CodecsDescriptor codecs, ConnectionsDescriptor connections, BytesDescriptor bytes,
			List<BackendDescriptor> backends) implements OperationResponseBody {

		static ProxyDescriptor of(DuplexProxy proxy) {
			ProxyStatistics statistics = proxy.statistics();
			return new ProxyDescriptor(Words.of(proxy.state()), proxy.definition().listenText(proxy.address()),
					(proxy.port() != 0) ? proxy.port() : null, CodecsDescriptor.of(proxy.definition()),
					new ConnectionsDescriptor(statistics.active(), statistics.accepted(), statistics.connectFailed(),
							statistics.refused()),
					new BytesDescriptor(statistics.bytesFromClient(), statistics.bytesFromBackend()),
					proxy.backends().stream().map(BackendDescriptor::of).toList());
		}

	}

	/**
	 * The codecs of a proxy's sides.
	 *
	 * @param client the clients' codec, or {@code null} where it is a stream
	 * @param backend the backends' codec, likewise
	 */
	public record CodecsDescriptor(@Nullable String client, @Nullable String backend) {

		static @Nullable CodecsDescriptor of(DuplexProxyDefinition definition) {
			Codec client = definition.client().codec();
			Codec backend = definition.backend().codec();
			return (client == null && backend == null) ? null
					: new CodecsDescriptor(Objects.toString(client, null), Objects.toString(backend, null));
		}

	}

	/**
	 * Numbers of connections.
	 *
	 * @param active connections now
	 * @param total connections accepted since the start
	 * @param failed connections that found no backend which answered
	 * @param refused connections that were refused
	 */
	public record ConnectionsDescriptor(long active, long total, long failed, long refused) {

	}

	/**
	 * Description of a backend.
	 *
	 * @param name its name
	 * @param address its address
	 * @param state what the proxy thinks of it: up, failing or unresolved
	 * @param active connections that use it now
	 * @param total connections that were joined to it
	 * @param failed attempts to connect to it that failed
	 */
	public record BackendDescriptor(String name, String address, String state, long active, long total, long failed) {

		static BackendDescriptor of(BackendStatus backend) {
			return new BackendDescriptor(backend.name(), backend.address().toString(), Words.of(backend.state()),
					backend.active(), backend.total(), backend.failed());
		}

	}

}
