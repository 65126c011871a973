/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;

import io.duplex.BackendDefinition;
import io.duplex.DuplexEngine;
import io.duplex.DuplexException;
import io.duplex.DuplexProxy;
import io.duplex.DuplexProxyDefinition;
import io.duplex.InvalidProxyDefinitionException;
import io.duplex.ProxyState;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.SmartLifecycle;
import org.springframework.core.log.LogMessage;
import org.springframework.util.Assert;

/**
 * The application's proxies. Starts them with the application, after its web server, and
 * stops them before that: no proxy listens any more, open connections may end by
 * themselves within the grace period, the rest is closed. A stopped registry can be
 * started again.
 * <p>
 * Proxies can also be started, stopped and drained one by one while the application runs.
 * Whoever does that to a {@link DuplexProxy} itself goes behind the registry's back: no
 * events are published, and the JVM is not kept alive. Safe for use by any number of
 * threads.
 */
public class DuplexProxyRegistry implements SmartLifecycle {

	/**
	 * The phase in which proxies start and stop. The web server starts before and stops
	 * after them, so that the Actuator endpoints answer meanwhile.
	 */
	public static final int LIFECYCLE_PHASE = SmartLifecycle.DEFAULT_PHASE - 512;

	/**
	 * What the engine has to close the rest, once the grace period is over.
	 */
	private static final Duration ENGINE_TIMEOUT = Duration.ofSeconds(2);

	private static final Log logger = LogFactory.getLog(DuplexProxyRegistry.class);

	private final DuplexEngine engine;

	private final ApplicationEventPublisher eventPublisher;

	private final Duration gracePeriod;

	private final KeepAlive keepAlive = new KeepAlive();

	/**
	 * Guards what follows. Held while proxies start, never while one drains or an event
	 * is published.
	 */
	private final Lock lock = new ReentrantLock();

	private final Map<String, DuplexProxy> proxies = new LinkedHashMap<>();

	private final Set<String> listening = new LinkedHashSet<>();

	private int draining;

	private volatile boolean running;

	/**
	 * Create a new registry.
	 * @param engine the engine that runs the proxies
	 * @param eventPublisher is told when a proxy was started or stopped
	 * @param gracePeriod the time that open connections have to end by themselves when
	 * the application stops
	 */
	public DuplexProxyRegistry(DuplexEngine engine, ApplicationEventPublisher eventPublisher, Duration gracePeriod) {
		Assert.notNull(engine, "'engine' must not be null");
		Assert.notNull(eventPublisher, "'eventPublisher' must not be null");
		Assert.isTrue(!gracePeriod.isNegative(), "'gracePeriod' must not be negative");
		this.engine = engine;
		this.eventPublisher = eventPublisher;
		this.gracePeriod = gracePeriod;
	}

	/**
	 * Add a proxy. It is started with the application or, where that runs already, at
	 * once, unless its definition says otherwise.
	 * @param definition what the proxy does
	 * @return the proxy
	 * @throws InvalidProxyDefinitionException when there is a proxy with this name
	 * @throws DuplexException when the proxy cannot be created or started
	 */
	public DuplexProxy register(DuplexProxyDefinition definition) {
		DuplexProxy proxy;
		boolean started;
		this.lock.lock();
		try {
			if (this.proxies.containsKey(definition.name())) {
				throw new InvalidProxyDefinitionException(definition.name(), "name", definition.name(),
						"is the name of another proxy");
			}
			proxy = this.engine.createProxy(definition);
			this.proxies.put(definition.name(), proxy);
			started = this.running && definition.autoStartup() && doStart(proxy);
		}
		finally {
			this.lock.unlock();
		}
		if (started) {
			publishStarted(proxy);
		}
		return proxy;
	}

	/**
	 * All proxies, started or not.
	 * @return the proxies, in the order of their registration
	 */
	public Collection<DuplexProxy> getProxies() {
		this.lock.lock();
		try {
			return List.copyOf(this.proxies.values());
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Find a proxy by its name.
	 * @param name the name
	 * @return the proxy, or empty
	 */
	public Optional<DuplexProxy> findProxy(String name) {
		this.lock.lock();
		try {
			return Optional.ofNullable(this.proxies.get(name));
		}
		finally {
			this.lock.unlock();
		}
	}

	/**
	 * Start one proxy. Starting a started one does nothing.
	 * @param name the proxy's name
	 * @throws IllegalArgumentException when there is no such proxy
	 * @throws io.duplex.AddressInUseException when somebody listens there already
	 * @throws io.duplex.PortPermissionException when the port needs a privilege
	 */
	public void start(String name) {
		DuplexProxy proxy = getProxy(name);
		boolean started;
		this.lock.lock();
		try {
			started = doStart(proxy);
		}
		finally {
			this.lock.unlock();
		}
		if (started) {
			publishStarted(proxy);
		}
	}

	/**
	 * Stop one proxy from listening. Its connections live on. Stopping a stopped one does
	 * nothing.
	 * @param name the proxy's name
	 * @throws IllegalArgumentException when there is no such proxy
	 */
	public void stop(String name) {
		DuplexProxy proxy = getProxy(name);
		boolean stopped;
		this.lock.lock();
		try {
			proxy.stop();
			stopped = this.listening.remove(name);
			updateKeepAlive();
		}
		finally {
			this.lock.unlock();
		}
		if (stopped) {
			publishStopped(proxy);
		}
	}

	/**
	 * Stop one proxy from listening and wait for its connections to end, without blocking
	 * the caller.
	 * @param name the proxy's name
	 * @param gracePeriod the time that connections have to end by themselves; the rest is
	 * closed then
	 * @return the number of connections that had to be closed, once none is left
	 * @throws IllegalArgumentException when there is no such proxy
	 */
	public CompletionStage<Long> drain(String name, Duration gracePeriod) {
		DuplexProxy proxy = getProxy(name);
		Drain drain;
		this.lock.lock();
		try {
			drain = beginDrain(proxy, gracePeriod);
		}
		finally {
			this.lock.unlock();
		}
		return endDrain(drain);
	}

	/**
	 * Start all proxies, but those that are not to be started with the application. When
	 * one cannot be started, none is.
	 * @throws DuplexProxyStartException when a proxy cannot be started
	 */
	@Override
	public void start() {
		List<DuplexProxy> started = new ArrayList<>();
		RuntimeException failure = null;
		this.lock.lock();
		try {
			if (this.running) {
				return;
			}
			failure = startAll(started);
			this.running = (failure == null);
		}
		finally {
			this.lock.unlock();
		}
		if (failure != null) {
			stopAll(Duration.ZERO).join();
			throw failure;
		}
		started.forEach(this::publishStarted);
	}

	private @Nullable RuntimeException startAll(List<DuplexProxy> started) {
		for (DuplexProxy proxy : this.proxies.values()) {
			try {
				if (proxy.definition().autoStartup() && doStart(proxy)) {
					started.add(proxy);
				}
			}
			catch (DuplexException ex) {
				return new DuplexProxyStartException(proxy.definition(), ex);
			}
			catch (RuntimeException ex) {
				return ex;
			}
		}
		return null;
	}

	/**
	 * Stop all proxies. Waits for their connections to end, but not much longer than the
	 * grace period.
	 */
	@Override
	public void stop() {
		stopAll(this.gracePeriod).join();
	}

	/**
	 * Stop all proxies without blocking the caller.
	 * @param callback called once no connection is left, soon after the grace period at
	 * the latest
	 */
	@Override
	public void stop(Runnable callback) {
		stopAll(this.gracePeriod).thenRun(callback);
	}

	private CompletableFuture<@Nullable Void> stopAll(Duration gracePeriod) {
		List<Drain> drains = new ArrayList<>();
		this.lock.lock();
		try {
			this.running = false;
			for (DuplexProxy proxy : this.proxies.values()) {
				if (isActive(proxy)) {
					drains.add(beginDrain(proxy, gracePeriod));
				}
			}
		}
		finally {
			this.lock.unlock();
		}
		return CompletableFuture.allOf(drains.stream().map(this::endDrainOrLog).toArray(CompletableFuture[]::new))
			.orTimeout(gracePeriod.plus(ENGINE_TIMEOUT).toMillis(), TimeUnit.MILLISECONDS)
			.exceptionally((failure) -> {
				logger.warn("Not all proxies could be stopped in time", failure);
				return null;
			});
	}

	private CompletableFuture<@Nullable Long> endDrainOrLog(Drain drain) {
		return endDrain(drain).toCompletableFuture().exceptionally((failure) -> {
			logger.warn(LogMessage.format("Proxy '%s' could not be stopped in order", drain.proxy().name()), failure);
			return null;
		});
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	/**
	 * Returns {@code false}: connections would not survive a pause.
	 */
	@Override
	public boolean isPauseable() {
		return false;
	}

	@Override
	public int getPhase() {
		return LIFECYCLE_PHASE;
	}

	private boolean doStart(DuplexProxy proxy) {
		if (this.listening.contains(proxy.name())) {
			return false;
		}
		proxy.start();
		this.listening.add(proxy.name());
		updateKeepAlive();
		logger.info(LogMessage.format("Proxy '%s' listening on %s, %s", proxy.name(),
				proxy.definition().listenText(proxy.address()), describeTarget(proxy.definition())));
		return true;
	}

	private Drain beginDrain(DuplexProxy proxy, Duration gracePeriod) {
		long connections = proxy.statistics().active();
		if (connections > 0) {
			logger.info(LogMessage.format("Proxy '%s' stopping, waiting %s for open connections: %d", proxy.name(),
					gracePeriod, connections));
		}
		CompletionStage<Long> closed = tryDrain(proxy, gracePeriod);
		boolean wasListening = this.listening.remove(proxy.name());
		this.draining++;
		updateKeepAlive();
		return new Drain(proxy, wasListening, closed);
	}

	private static CompletionStage<Long> tryDrain(DuplexProxy proxy, Duration gracePeriod) {
		try {
			return proxy.drain(gracePeriod);
		}
		catch (RuntimeException ex) {
			return CompletableFuture.failedStage(ex);
		}
	}

	private CompletionStage<Long> endDrain(Drain drain) {
		return drain.closed().whenComplete((closed, failure) -> {
			boolean restarted = forgetDrain(drain);
			if (failure == null) {
				logger.info(LogMessage.format("Proxy '%s' stopped%s", drain.proxy().name(),
						(closed > 0) ? ", connections that had to be closed: " + closed : ""));
			}
			if (drain.wasListening() && !restarted) {
				publishStopped(drain.proxy());
			}
		});
	}

	private boolean forgetDrain(Drain drain) {
		this.lock.lock();
		try {
			this.draining--;
			updateKeepAlive();
			return this.listening.contains(drain.proxy().name());
		}
		finally {
			this.lock.unlock();
		}
	}

	private boolean isActive(DuplexProxy proxy) {
		ProxyState state = proxy.state();
		return this.listening.contains(proxy.name()) || (state != ProxyState.STOPPED && state != ProxyState.CLOSED);
	}

	private void updateKeepAlive() {
		this.keepAlive.set(!this.listening.isEmpty() || this.draining > 0);
	}

	private DuplexProxy getProxy(String name) {
		return findProxy(name).orElseThrow(() -> new IllegalArgumentException("There is no proxy '" + name + "'"));
	}

	private void publishStarted(DuplexProxy proxy) {
		this.eventPublisher.publishEvent(new DuplexProxyStartedEvent(proxy));
	}

	private void publishStopped(DuplexProxy proxy) {
		this.eventPublisher.publishEvent(new DuplexProxyStoppedEvent(proxy));
	}

	private static String describeTarget(DuplexProxyDefinition definition) {
		if (definition.router() != null) {
			return "routed by the application";
		}
		return definition.backends().stream().map(BackendDefinition::name).collect(Collectors.joining(", ", "to ", ""));
	}

	/**
	 * A drain that has begun.
	 *
	 * @param proxy what is drained
	 * @param wasListening whether it was listening until then
	 * @param closed completes with the number of connections that had to be closed
	 */
	private record Drain(DuplexProxy proxy, boolean wasListening, CompletionStage<Long> closed) {

	}

}
