/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;

/**
 * What a proxy does: the one form of it, wherever it was written down, and the one place
 * that checks it. Immutable; made with {@link #builder(String)}. It has either backends
 * or a router, and where one of its sides has a codec its connections are routes.
 *
 * @param name what the proxy is called: a lower case letter, then lower case letters and
 * digits
 * @param listen where it listens; port 0 picks one
 * @param backends servers that take turns; empty with a router
 * @param router decides for each connection where it goes, or null
 * @param client what is spoken with clients
 * @param backend what is spoken with backends
 * @param autoStartup whether the application's start starts it
 * @param connectTimeout for one attempt to connect to a backend
 * @param connectAttempts backends that are tried for a connection before it is refused
 * @param idleTimeout ends a join when no byte has moved in either direction for so long;
 * zero is off
 * @param halfCloseTimeout the same once one direction has ended; zero is
 * {@code idleTimeout}
 * @param maxLifetime ends a join at this age; zero is off
 * @param maxConnections further ones wait in the backlog; 0: as many as descriptors allow
 * @param resolveInterval time between two looks at the addresses behind host names
 * @param maxPendingDecisions connections that await the router, or their handshake;
 * further ones wait in the backlog
 * @param decisionTimeout time that the router has for a connection, and each handshake,
 * before it is refused
 */
public record DuplexProxyDefinition(String name, DuplexAddress listen, List<BackendDefinition> backends,
		@Nullable ConnectionRouter router, ProxySide client, ProxySide backend, boolean autoStartup,
		Duration connectTimeout, int connectAttempts, Duration idleTimeout, Duration halfCloseTimeout,
		Duration maxLifetime, int maxConnections, Duration resolveInterval, int maxPendingDecisions,
		Duration decisionTimeout) {

	/**
	 * Create a definition.
	 * @throws InvalidProxyDefinitionException names the attribute that is wrong, and why
	 */
	public DuplexProxyDefinition {
		backends = List.copyOf(backends);
		ProxyDefinitionValidator check = new ProxyDefinitionValidator(name);
		check.name();
		check.that(!listen.isUnnamed(), "listen", listen, "is no place to listen on");
		check.backends(backends, router);
		check.sides(client, backend, backends);
		check.positive("connectTimeout", connectTimeout);
		check.positive("connectAttempts", connectAttempts);
		check.notNegative("idleTimeout", idleTimeout);
		check.notNegative("halfCloseTimeout", halfCloseTimeout);
		check.notNegative("maxLifetime", maxLifetime);
		check.that(maxConnections >= 0, "maxConnections", maxConnections, "must not be negative");
		check.positive("resolveInterval", resolveInterval);
		check.positive("maxPendingDecisions", maxPendingDecisions);
		check.positive("decisionTimeout", decisionTimeout);
	}

	/**
	 * Begin a definition with the defaults.
	 * @param name what the proxy is called
	 * @return the builder
	 * @throws InvalidProxyDefinitionException when it cannot be called so
	 */
	public static Builder builder(String name) {
		return new Builder(name);
	}

	/**
	 * What clients of a proxy are to be told.
	 * @param address where it listens, with the port that was bound
	 * @return the address, of a proxy of WebSockets as {@code ws://host:port/path}
	 */
	public String listenText(DuplexAddress address) {
		WebSocketOptions options = this.client.webSocket();
		String path = (options != null) ? Objects.requireNonNullElse(options.path(), "") : "";
		return (options != null && address.isTcp()) ? address.toString().replaceFirst("^tcp:", "ws:") + path
				: address.toString();
	}

	/**
	 * Begin another definition with the values of this one.
	 * @return the builder
	 */
	public Builder toBuilder() {
		return new Builder(this);
	}

	/**
	 * Collects what a definition is made of. Names and texts are checked at once, the
	 * rest by {@link #build()}.
	 */
	public static final class Builder {

		private final String name;

		private @Nullable DuplexAddress listen;

		private List<BackendDefinition> backends = List.of();

		private @Nullable ConnectionRouter router;

		/** What clients ask for, if they open a WebSocket: empty for anything. */
		private @Nullable String webSocketPath;

		private WebSocketOptions webSocket = WebSocketOptions.DEFAULTS;

		private @Nullable Codec clientCodec;

		private @Nullable Codec backendCodec;

		private @Nullable ZmtpOptions clientZmtp;

		private @Nullable ZmtpOptions backendZmtp;

		private boolean autoStartup = true;

		private Duration connectTimeout = Duration.ofSeconds(5);

		private int connectAttempts = 3;

		private Duration idleTimeout = Duration.ofHours(1);

		private Duration halfCloseTimeout = Duration.ofMinutes(1);

		private Duration maxLifetime = Duration.ZERO;

		private int maxConnections;

		private Duration resolveInterval = Duration.ofSeconds(30);

		private int maxPendingDecisions = 1024;

		private Duration decisionTimeout = Duration.ofSeconds(10);

		private Builder(String name) {
			new ProxyDefinitionValidator(name).name();
			this.name = name;
		}

		private Builder(DuplexProxyDefinition definition) {
			this.name = definition.name;
			this.listen = definition.listen;
			this.backends = definition.backends;
			this.router = definition.router;
			WebSocketOptions client = definition.client.webSocket();
			WebSocketOptions backend = definition.backend.webSocket();
			if (client != null) {
				this.webSocketPath = Objects.requireNonNullElse(client.path(), "");
				this.webSocket = client;
			}
			else if (backend != null) {
				this.webSocket = backend;
			}
			this.clientCodec = definition.client.codec();
			this.backendCodec = definition.backend.codec();
			this.clientZmtp = definition.client.zmtp();
			this.backendZmtp = definition.backend.zmtp();
			this.autoStartup = definition.autoStartup;
			this.connectTimeout = definition.connectTimeout;
			this.connectAttempts = definition.connectAttempts;
			this.idleTimeout = definition.idleTimeout;
			this.halfCloseTimeout = definition.halfCloseTimeout;
			this.maxLifetime = definition.maxLifetime;
			this.maxConnections = definition.maxConnections;
			this.resolveInterval = definition.resolveInterval;
			this.maxPendingDecisions = definition.maxPendingDecisions;
			this.decisionTimeout = definition.decisionTimeout;
		}

		/**
		 * Where the proxy listens. Required.
		 * @param address as {@link DuplexAddress#of} reads it, or
		 * {@code ws://host:port/path} for WebSockets; without a path, all are served
		 * @return this builder
		 * @throws InvalidProxyDefinitionException when it is no address
		 */
		public Builder listen(String address) {
			if (!WebSocketUrl.isMeant(address)) {
				return listen(parse("listen", address, DuplexAddress::of));
			}
			WebSocketUrl url = parse("listen", address, WebSocketUrl::of);
			if (url.path().indexOf('?') >= 0) {
				throw new InvalidProxyDefinitionException(this.name, "listen", address,
						"has a query, which is the clients' to say");
			}
			listen(url.address());
			this.webSocketPath = url.path();
			return this;
		}

		/**
		 * Where the proxy listens. Required.
		 * @param address the address
		 * @return this builder
		 */
		public Builder listen(DuplexAddress address) {
			this.listen = address;
			this.webSocketPath = null;
			return this;
		}

		/**
		 * Servers that take turns.
		 * @param addresses as {@link BackendDefinition#of} reads them
		 * @return this builder
		 * @throws InvalidProxyDefinitionException when one is no address
		 */
		public Builder backends(String... addresses) {
			return backends(List.of(addresses)
				.stream()
				.map((address) -> parse("backends", address, BackendDefinition::of))
				.toList());
		}

		/**
		 * Servers that take turns.
		 * @param backends the servers
		 * @return this builder
		 */
		public Builder backends(List<BackendDefinition> backends) {
			this.backends = backends;
			return this;
		}

		/**
		 * Decides for each connection where it goes.
		 * @param router the router; null: none
		 * @return this builder
		 */
		public Builder router(@Nullable ConnectionRouter router) {
			this.router = router;
			return this;
		}

		/**
		 * How bytes of clients become messages and back. A stream unless told otherwise;
		 * of {@code ws://}, {@link Codec#webSocketServer()}.
		 * @param codec the codec; null for the default
		 * @return this builder
		 */
		public Builder clientCodec(@Nullable Codec codec) {
			this.clientCodec = codec;
			this.clientZmtp = null;
			return this;
		}

		/**
		 * How bytes of backends become messages and back. A stream unless told otherwise;
		 * of {@code ws://}, {@link Codec#webSocketClient()}.
		 * @param codec the codec; null for the default
		 * @return this builder
		 */
		public Builder backendCodec(@Nullable Codec codec) {
			this.backendCodec = codec;
			this.backendZmtp = null;
			return this;
		}

		/**
		 * Clients are ZeroMQ's sockets, which shake hands first.
		 * @param options what this end is to them, and its codec; a handshake has the
		 * decision's time
		 * @return this builder
		 */
		public Builder clientZmtp(ZmtpOptions options) {
			clientCodec(options.codec());
			this.clientZmtp = options;
			return this;
		}

		/**
		 * Backends are ZeroMQ's sockets, which shake hands first.
		 * @param options as above
		 * @return this builder
		 */
		public Builder backendZmtp(ZmtpOptions options) {
			backendCodec(options.codec());
			this.backendZmtp = options;
			return this;
		}

		/**
		 * How WebSockets are opened, on whichever sides there are some. Paths are those
		 * of the addresses, codecs those of the sides, and a handshake has the decision's
		 * time.
		 * @param options what is asked for and agreed to
		 * @return this builder
		 */
		public Builder webSocket(WebSocketOptions options) {
			this.webSocket = options;
			return this;
		}

		/**
		 * Whether the application's start starts the proxy. True unless told otherwise.
		 * @param autoStartup whether it does
		 * @return this builder
		 */
		public Builder autoStartup(boolean autoStartup) {
			this.autoStartup = autoStartup;
			return this;
		}

		/**
		 * Time for one attempt to connect to a backend. 5 seconds unless told otherwise.
		 * @param timeout the limit
		 * @return this builder
		 */
		public Builder connectTimeout(Duration timeout) {
			this.connectTimeout = timeout;
			return this;
		}

		/**
		 * Backends that are tried for a connection before it is refused. 3 unless told
		 * otherwise.
		 * @param attempts the number
		 * @return this builder
		 */
		public Builder connectAttempts(int attempts) {
			this.connectAttempts = attempts;
			return this;
		}

		/**
		 * Idle limit of joins. 1 hour unless told otherwise.
		 * @param timeout the limit; zero is off
		 * @return this builder
		 */
		public Builder idleTimeout(Duration timeout) {
			this.idleTimeout = timeout;
			return this;
		}

		/**
		 * Idle limit of joins of which one direction has ended. 1 minute unless told
		 * otherwise.
		 * @param timeout the limit; zero is the idle limit
		 * @return this builder
		 */
		public Builder halfCloseTimeout(Duration timeout) {
			this.halfCloseTimeout = timeout;
			return this;
		}

		/**
		 * Greatest age of joins. Off unless told otherwise.
		 * @param lifetime the limit; zero is off
		 * @return this builder
		 */
		public Builder maxLifetime(Duration lifetime) {
			this.maxLifetime = lifetime;
			return this;
		}

		/**
		 * Most connections at a time; further ones wait in the backlog. As many as
		 * descriptors allow unless told otherwise.
		 * @param connections the number; 0: as many as descriptors allow
		 * @return this builder
		 */
		public Builder maxConnections(int connections) {
			this.maxConnections = connections;
			return this;
		}

		/**
		 * Time between two looks at the addresses behind host names. 30 seconds unless
		 * told otherwise.
		 * @param interval the time
		 * @return this builder
		 */
		public Builder resolveInterval(Duration interval) {
			this.resolveInterval = interval;
			return this;
		}

		/**
		 * Most connections that await the router, or their handshake. 1024 unless told
		 * otherwise.
		 * @param decisions the number
		 * @return this builder
		 */
		public Builder maxPendingDecisions(int decisions) {
			this.maxPendingDecisions = decisions;
			return this;
		}

		/**
		 * Time that the router has for a connection, and each handshake. 10 seconds
		 * unless told otherwise.
		 * @param timeout the limit
		 * @return this builder
		 */
		public Builder decisionTimeout(Duration timeout) {
			this.decisionTimeout = timeout;
			return this;
		}

		/**
		 * Check and make the definition.
		 * @return the definition
		 * @throws InvalidProxyDefinitionException names the attribute that is wrong, and
		 * why
		 */
		public DuplexProxyDefinition build() {
			if (this.listen == null) {
				throw new InvalidProxyDefinitionException(this.name, "listen", null, "must be set");
			}
			return new DuplexProxyDefinition(this.name, this.listen, this.backends, this.router, client(), backend(),
					this.autoStartup, this.connectTimeout, this.connectAttempts, this.idleTimeout,
					this.halfCloseTimeout, this.maxLifetime, this.maxConnections, this.resolveInterval,
					this.maxPendingDecisions, this.decisionTimeout);
		}

		/**
		 * Whether clients open a WebSocket.
		 * @return whether the proxy listens on {@code ws://} so far
		 */
		public boolean isWebSocketServer() {
			return this.webSocketPath != null;
		}

		/**
		 * Whether backends are opened a WebSocket with.
		 * @return whether there are such backends so far
		 */
		public boolean isWebSocketClient() {
			return this.backends.stream().anyMatch((backend) -> backend.webSocket() != null);
		}

		private ProxySide client() {
			String path = this.webSocketPath;
			if (path == null) {
				return new ProxySide(this.clientCodec, null, inTime(this.clientZmtp));
			}
			return webSocket(this.webSocket.withPath(path.isEmpty() ? null : path),
					(this.clientCodec != null) ? this.clientCodec : Codec.webSocketServer());
		}

		private ProxySide backend() {
			if (!isWebSocketClient()) {
				return new ProxySide(this.backendCodec, null, inTime(this.backendZmtp));
			}
			return webSocket(this.webSocket, (this.backendCodec != null) ? this.backendCodec : Codec.webSocketClient());
		}

		private ProxySide webSocket(WebSocketOptions options, Codec codec) {
			return new ProxySide(codec, options.withTimeout(this.decisionTimeout), null);
		}

		private @Nullable ZmtpOptions inTime(@Nullable ZmtpOptions options) {
			return (options != null) ? options.withTimeout(this.decisionTimeout) : null;
		}

		private <T> T parse(String attribute, String address, Function<String, T> parser) {
			try {
				return parser.apply(address);
			}
			catch (IllegalArgumentException ex) {
				throw new InvalidProxyDefinitionException(this.name, attribute, address,
						"is no address: expected " + DuplexAddress.FORMS, ex);
			}
		}

	}

}
