/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.duplex.ZmtpSocketType;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.util.unit.DataSize;

/**
 * {@link ConfigurationProperties @ConfigurationProperties} for Duplex.
 */
@ConfigurationProperties(prefix = "duplex", ignoreUnknownFields = false)
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

		/**
		 * Memory in which messages may be put together, for all connections. A message
		 * that finds none is refused.
		 */
		private DataSize messageBudget = DataSize.ofMegabytes(256);

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

		public DataSize getMessageBudget() {
			return this.messageBudget;
		}

		public void setMessageBudget(DataSize messageBudget) {
			this.messageBudget = messageBudget;
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
		 * Address to listen on: 'tcp://host:port', where port 0 picks a free one,
		 * 'unix:///path', or 'ws://host:port/path' for WebSockets.
		 */
		private @Nullable String listen;

		/**
		 * Backends that connections are shared out to. An item is an address or an object
		 * with an address and a name.
		 */
		private List<Backend> backends = new ArrayList<>();

		/**
		 * Codec of what clients send and are sent: its type, or an object with the type
		 * and its options. Bytes as they come if not set.
		 */
		private @Nullable Codec clientCodec;

		/**
		 * Codec of what backends send and are sent.
		 */
		private @Nullable Codec backendCodec;

		/**
		 * How WebSockets are opened and kept, where 'listen' or 'backends' are 'ws://'.
		 */
		private @Nullable WebSocket websocket;

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
		 * Number of connections that may wait for the decision of a '@DuplexRoute', or
		 * for their handshake; further ones wait to be accepted.
		 */
		private @Nullable Integer maxPendingDecisions;

		/**
		 * Time that a '@DuplexRoute' may take to decide, or a handshake; then the
		 * connection is refused.
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

		public @Nullable Codec getClientCodec() {
			return this.clientCodec;
		}

		public void setClientCodec(@Nullable Codec clientCodec) {
			this.clientCodec = clientCodec;
		}

		public @Nullable Codec getBackendCodec() {
			return this.backendCodec;
		}

		public void setBackendCodec(@Nullable Codec backendCodec) {
			this.backendCodec = backendCodec;
		}

		public @Nullable WebSocket getWebsocket() {
			return this.websocket;
		}

		public void setWebsocket(@Nullable WebSocket websocket) {
			this.websocket = websocket;
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
	 * @param address where to connect to: 'tcp://host:port', 'unix:///path' or
	 * 'ws://host:port/path'
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

	/**
	 * How bytes become messages and back.
	 *
	 * @param type line, crlf, delimiter, length, varint, chunked, zmtp, or the name of a
	 * codec that was registered with the native library
	 * @param keep whether what ends or begins a message stays a part of it: of line,
	 * crlf, delimiter and length
	 * @param delimiter what ends a message, 1 to 16 bytes in UTF-8: of delimiter
	 * @param prefix bytes of the length that a message begins with, 1, 2, 3, 4 or 8: of
	 * length
	 * @param littleEndian whether the length is in little endian: of length
	 * @param inclusive whether the length counts itself and what stands before it: of
	 * length
	 * @param offset bytes of a message before its length, 0 to 64: of length
	 * @param adjustment added to the length to get that of what follows it: of length
	 * @param maxMessage size of the greatest message
	 * @param frameTimeout time in which a message that has begun to arrive must be
	 * complete, or bring another 64KB
	 * @param chunkSize size of the greatest message that is made of a stream's bytes
	 * @param socketType what this end is to the ZeroMQ socket at the other: of zmtp
	 * @param pingInterval time between two heartbeats of a peer, which is cut off when
	 * nothing has come from it since the last one; none if not set: of zmtp
	 */
	public record Codec(@Nullable String type, @Nullable Boolean keep, @Nullable String delimiter,
			@Nullable Integer prefix, @Nullable Boolean littleEndian, @Nullable Boolean inclusive,
			@Nullable Integer offset, @Nullable Integer adjustment, @Nullable DataSize maxMessage,
			@Nullable Duration frameTimeout, @Nullable DataSize chunkSize, @Nullable ZmtpSocketType socketType,
			@Nullable Duration pingInterval) {

		/**
		 * A codec that was given as nothing but its type. Also what the binder converts a
		 * plain string with.
		 * @param type the type
		 * @return the codec
		 */
		public static Codec of(String type) {
			return new Codec(type, null, null, null, null, null, null, null, null, null, null, null, null);
		}

	}

	/**
	 * How WebSockets are opened and kept, on whichever sides of a proxy there are some.
	 */
	public static class WebSocket {

		/**
		 * Subprotocols: those that clients may choose from, in order of preference, and
		 * that backends are offered.
		 */
		private List<String> subprotocols = new ArrayList<>();

		/**
		 * Origins of pages that may connect, such as 'https://example.org'. All if not
		 * set.
		 */
		private List<String> origins = new ArrayList<>();

		/**
		 * Time between two pings of a peer, which is cut off when nothing has come from
		 * it since the last one. 0 switches it off.
		 */
		private Duration pingInterval = Duration.ofSeconds(30);

		/**
		 * Whether what comes from the other side is sent as text, and must be UTF-8,
		 * rather than as binary messages.
		 */
		private boolean text;

		/**
		 * Size of the greatest message.
		 */
		private DataSize maxMessage = DataSize.ofMegabytes(16);

		/**
		 * Time in which a message that has begun to arrive must be complete, or bring
		 * another 64KB.
		 */
		private Duration frameTimeout = Duration.ofSeconds(30);

		/**
		 * Time that a peer has to answer a Close.
		 */
		private Duration closeTimeout = Duration.ofSeconds(5);

		/**
		 * Size of the greatest head of a handshake's request or response.
		 */
		private DataSize maxHeaderSize = DataSize.ofKilobytes(8);

		public List<String> getSubprotocols() {
			return this.subprotocols;
		}

		public void setSubprotocols(List<String> subprotocols) {
			this.subprotocols = subprotocols;
		}

		public List<String> getOrigins() {
			return this.origins;
		}

		public void setOrigins(List<String> origins) {
			this.origins = origins;
		}

		public Duration getPingInterval() {
			return this.pingInterval;
		}

		public void setPingInterval(Duration pingInterval) {
			this.pingInterval = pingInterval;
		}

		public boolean isText() {
			return this.text;
		}

		public void setText(boolean text) {
			this.text = text;
		}

		public DataSize getMaxMessage() {
			return this.maxMessage;
		}

		public void setMaxMessage(DataSize maxMessage) {
			this.maxMessage = maxMessage;
		}

		public Duration getFrameTimeout() {
			return this.frameTimeout;
		}

		public void setFrameTimeout(Duration frameTimeout) {
			this.frameTimeout = frameTimeout;
		}

		public Duration getCloseTimeout() {
			return this.closeTimeout;
		}

		public void setCloseTimeout(Duration closeTimeout) {
			this.closeTimeout = closeTimeout;
		}

		public DataSize getMaxHeaderSize() {
			return this.maxHeaderSize;
		}

		public void setMaxHeaderSize(DataSize maxHeaderSize) {
			this.maxHeaderSize = maxHeaderSize;
		}

	}

}
