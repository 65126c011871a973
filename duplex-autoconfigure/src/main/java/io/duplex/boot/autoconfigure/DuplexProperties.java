/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.util.unit.DataSize;

/**
 * {@link ConfigurationProperties @ConfigurationProperties} for Duplex.
 */
@ConfigurationProperties("duplex")
public class DuplexProperties {

	/**
	 * Whether to auto-configure the engine, the proxies and the endpoints.
	 */
	private boolean enabled = true;

	private final Engine engine = new Engine();

	private final Shutdown shutdown = new Shutdown();

	/**
	 * Proxies by name. A name is a lower-case letter followed by lower-case letters and
	 * digits.
	 */
	private final Map<String, Proxy> proxies = new LinkedHashMap<>();

	public boolean isEnabled() {
		return this.enabled;
	}

	public void setEnabled(boolean enabled) {
		this.enabled = enabled;
	}

	public Engine getEngine() {
		return this.engine;
	}

	public Shutdown getShutdown() {
		return this.shutdown;
	}

	public Map<String, Proxy> getProxies() {
		return this.proxies;
	}

	/**
	 * Engine properties.
	 */
	public static class Engine {

		/**
		 * Number of threads that move bytes, 1 to 64. One for each available processor if
		 * not set.
		 */
		private @Nullable Integer workers;

		/**
		 * Size of a kernel pipe through which a bulk transfer moves, 64KB to 1MB. Rounded
		 * up to a power of two.
		 */
		private DataSize pipeSize = DataSize.ofKilobytes(256);

		public @Nullable Integer getWorkers() {
			return this.workers;
		}

		public void setWorkers(@Nullable Integer workers) {
			this.workers = workers;
		}

		public DataSize getPipeSize() {
			return this.pipeSize;
		}

		public void setPipeSize(DataSize pipeSize) {
			this.pipeSize = pipeSize;
		}

	}

	/**
	 * Shutdown properties.
	 */
	public static class Shutdown {

		/**
		 * Time that open connections are given to end by themselves when the application
		 * stops. Kept below 'spring.lifecycle.timeout-per-shutdown-phase'.
		 */
		private Duration gracePeriod = Duration.ofSeconds(10);

		public Duration getGracePeriod() {
			return this.gracePeriod;
		}

		public void setGracePeriod(Duration gracePeriod) {
			this.gracePeriod = gracePeriod;
		}

	}

	/**
	 * Properties of one proxy. What is not set is left to the {@code @DuplexRoute}
	 * annotation of the same name, if there is one, and then to the default.
	 */
	public static class Proxy {

		/**
		 * Address to listen on: 'tcp://host:port', where port 0 picks a free one, or
		 * 'unix:///path'.
		 */
		private @Nullable String listen;

		/**
		 * Backends that connections are shared out to. An item is an address or an object
		 * with an address and a name.
		 */
		private List<Backend> backends = new ArrayList<>();

		/**
		 * Whether to start the proxy with the application.
		 */
		private @Nullable Boolean autoStartup;

		/**
		 * Time limit of one attempt to connect to a backend.
		 */
		private @Nullable Duration connectTimeout;

		/**
		 * Number of backends that are tried for one connection before it is refused.
		 */
		private @Nullable Integer connectAttempts;

		/**
		 * Time without a byte in either direction after which a connection is closed. 0
		 * switches it off.
		 */
		private @Nullable Duration idleTimeout;

		/**
		 * Time without a byte after which a connection is closed once one of its
		 * directions has ended. 0 leaves it to the idle timeout.
		 */
		private @Nullable Duration halfCloseTimeout;

		/**
		 * Time after which a connection is closed in any case. 0 switches it off.
		 */
		private @Nullable Duration maxLifetime;

		/**
		 * Number of simultaneous connections; further ones wait to be accepted. 0 takes
		 * as many as file descriptors allow.
		 */
		private @Nullable Integer maxConnections;

		/**
		 * Time between two look-ups of the names of backends.
		 */
		private @Nullable Duration resolveInterval;

		/**
		 * Number of connections that may wait for the decision of a '@DuplexRoute';
		 * further ones wait to be accepted.
		 */
		private @Nullable Integer maxPendingDecisions;

		/**
		 * Time that a '@DuplexRoute' may take to decide; then the connection is refused.
		 */
		private @Nullable Duration decisionTimeout;

		public @Nullable String getListen() {
			return this.listen;
		}

		public void setListen(@Nullable String listen) {
			this.listen = listen;
		}

		public List<Backend> getBackends() {
			return this.backends;
		}

		public void setBackends(List<Backend> backends) {
			this.backends = backends;
		}

		public @Nullable Boolean getAutoStartup() {
			return this.autoStartup;
		}

		public void setAutoStartup(@Nullable Boolean autoStartup) {
			this.autoStartup = autoStartup;
		}

		public @Nullable Duration getConnectTimeout() {
			return this.connectTimeout;
		}

		public void setConnectTimeout(@Nullable Duration connectTimeout) {
			this.connectTimeout = connectTimeout;
		}

		public @Nullable Integer getConnectAttempts() {
			return this.connectAttempts;
		}

		public void setConnectAttempts(@Nullable Integer connectAttempts) {
			this.connectAttempts = connectAttempts;
		}

		public @Nullable Duration getIdleTimeout() {
			return this.idleTimeout;
		}

		public void setIdleTimeout(@Nullable Duration idleTimeout) {
			this.idleTimeout = idleTimeout;
		}

		public @Nullable Duration getHalfCloseTimeout() {
			return this.halfCloseTimeout;
		}

		public void setHalfCloseTimeout(@Nullable Duration halfCloseTimeout) {
			this.halfCloseTimeout = halfCloseTimeout;
		}

		public @Nullable Duration getMaxLifetime() {
			return this.maxLifetime;
		}

		public void setMaxLifetime(@Nullable Duration maxLifetime) {
			this.maxLifetime = maxLifetime;
		}

		public @Nullable Integer getMaxConnections() {
			return this.maxConnections;
		}

		public void setMaxConnections(@Nullable Integer maxConnections) {
			this.maxConnections = maxConnections;
		}

		public @Nullable Duration getResolveInterval() {
			return this.resolveInterval;
		}

		public void setResolveInterval(@Nullable Duration resolveInterval) {
			this.resolveInterval = resolveInterval;
		}

		public @Nullable Integer getMaxPendingDecisions() {
			return this.maxPendingDecisions;
		}

		public void setMaxPendingDecisions(@Nullable Integer maxPendingDecisions) {
			this.maxPendingDecisions = maxPendingDecisions;
		}

		public @Nullable Duration getDecisionTimeout() {
			return this.decisionTimeout;
		}

		public void setDecisionTimeout(@Nullable Duration decisionTimeout) {
			this.decisionTimeout = decisionTimeout;
		}

	}

	/**
	 * A backend of a proxy.
	 *
	 * @param name the name by which the backend is told from others; 'host:port' or the
	 * name of the unix socket's file if not set
	 * @param address where to connect to: 'tcp://host:port' or 'unix:///path'
	 */
	public record Backend(@Nullable String name, @Nullable String address) {

		/**
		 * A backend that was given as nothing but an address. Also what the binder
		 * converts a plain string with.
		 * @param address where to connect to
		 * @return the backend
		 */
		public static Backend of(String address) {
			return new Backend(null, address);
		}

	}

}
