/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import io.duplex.BackendDefinition;
import io.duplex.Codec;
import io.duplex.DuplexProxyDefinition;
import io.duplex.InvalidProxyDefinitionException;

import org.springframework.boot.context.properties.PropertyMapper;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.context.properties.bind.PropertySourcesPlaceholdersResolver;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.boot.env.OriginTrackedMapPropertySource;
import org.springframework.boot.origin.OriginTrackedValue;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

/**
 * The properties below {@code duplex.proxies}: makes definitions of them, also together
 * with a {@link io.duplex.boot.DuplexRoute @DuplexRoute} whose attributes lie behind
 * them, and finds the one that made a definition wrong.
 */
class ProxyProperties {

	private static final ConfigurationPropertyName PREFIX = ConfigurationPropertyName.of("duplex.proxies");

	private static final String BACKENDS = "backends";

	private static final String WEBSOCKET = "websocket";

	private final Map<String, DuplexProperties.Proxy> proxies;

	private final Environment environment;

	ProxyProperties(Map<String, DuplexProperties.Proxy> proxies, Environment environment) {
		this.proxies = proxies;
		this.environment = environment;
	}

	/**
	 * The names of all proxies that have properties.
	 * @return the names, in their order
	 */
	Set<String> names() {
		return this.proxies.keySet();
	}

	/**
	 * Define a proxy by nothing but its properties.
	 * @param name its name
	 * @return the definition
	 */
	DuplexProxyDefinition define(String name) {
		DuplexProxyDefinition.Builder builder = DuplexProxyDefinition.builder(name);
		map(name, Objects.requireNonNull(this.proxies.get(name)), builder);
		return builder.build();
	}

	/**
	 * Define a proxy by an annotation, and by properties which beat its attributes.
	 * @param route the annotation
	 * @return the definition
	 */
	DuplexProxyDefinition define(RouteDeclaration route) {
		DuplexProxyDefinition.Builder builder = DuplexProxyDefinition.builder(route.name()).router(route.router());
		DuplexProperties.Proxy proxy = bind(route);
		if (!proxy.getBackends().isEmpty()) {
			throw new InvalidProxyDefinitionException(route.name(), BACKENDS, null,
					"cannot be combined with " + route + ": one or the other decides where connections go");
		}
		map(route.name(), proxy, builder);
		return builder.build();
	}

	private DuplexProperties.Proxy bind(RouteDeclaration route) {
		ConfigurationPropertyName name = PREFIX.append(route.name());
		List<ConfigurationPropertySource> sources = new ArrayList<>();
		sources().forEach(sources::add);
		sources.add(attributes(name, route));
		return new Binder(sources, new PropertySourcesPlaceholdersResolver(this.environment))
			.bindOrCreate(name.toString(), DuplexProperties.Proxy.class);
	}

	private ConfigurationPropertySource attributes(ConfigurationPropertyName name, RouteDeclaration route) {
		Map<String, Object> values = new HashMap<>();
		route.attributes()
			.forEach((attribute, value) -> values.put(name.append(attribute).toString(),
					OriginTrackedValue.of(value, route)));
		return Objects.requireNonNull(
				ConfigurationPropertySource.from(new OriginTrackedMapPropertySource(route.toString(), values)));
	}

	private void map(String name, DuplexProperties.Proxy proxy, DuplexProxyDefinition.Builder builder) {
		PropertyMapper map = PropertyMapper.get();
		map.from(proxy::getListen).to(builder::listen);
		map.from(proxy::getAutoStartup).to(builder::autoStartup);
		map.from(proxy::getConnectTimeout).to(builder::connectTimeout);
		map.from(proxy::getConnectAttempts).to(builder::connectAttempts);
		map.from(proxy::getIdleTimeout).to(builder::idleTimeout);
		map.from(proxy::getHalfCloseTimeout).to(builder::halfCloseTimeout);
		map.from(proxy::getMaxLifetime).to(builder::maxLifetime);
		map.from(proxy::getMaxConnections).to(builder::maxConnections);
		map.from(proxy::getResolveInterval).to(builder::resolveInterval);
		map.from(proxy::getMaxPendingDecisions).to(builder::maxPendingDecisions);
		map.from(proxy::getDecisionTimeout).to(builder::decisionTimeout);
		builder.backends(toDefinitions(name, proxy.getBackends()));
		mapCodecs(name, proxy, builder);
	}

	private void mapCodecs(String name, DuplexProperties.Proxy proxy, DuplexProxyDefinition.Builder builder) {
		CodecProperties webSocket = new CodecProperties(name, WEBSOCKET);
		boolean hasWebSocket = builder.isWebSocketServer() || builder.isWebSocketClient();
		if (proxy.getWebsocket() != null && !hasWebSocket) {
			throw new InvalidProxyDefinitionException(name, WEBSOCKET, null,
					"means nothing where neither 'listen' nor 'backends' is ws://");
		}
		DuplexProperties.WebSocket options = (proxy.getWebsocket() != null) ? proxy.getWebsocket()
				: new DuplexProperties.WebSocket();
		builder.webSocket(webSocket.options(options));
		CodecProperties clients = new CodecProperties(name, "clientCodec");
		CodecProperties backends = new CodecProperties(name, "backendCodec");
		Codec client = clients.codec(proxy.getClientCodec());
		Codec backend = backends.codec(proxy.getBackendCodec());
		builder.clientCodec((client == null && builder.isWebSocketServer())
				? webSocket.webSocket(Codec.webSocketServer(), options) : client);
		builder.backendCodec((backend == null && builder.isWebSocketClient())
				? webSocket.webSocket(Codec.webSocketClient(), options) : backend);
		PropertyMapper map = PropertyMapper.get();
		map.from(() -> clients.zmtp(proxy.getClientCodec(), client)).to(builder::clientZmtp);
		map.from(() -> backends.zmtp(proxy.getBackendCodec(), backend)).to(builder::backendZmtp);
	}

	private List<BackendDefinition> toDefinitions(String name, List<DuplexProperties.Backend> backends) {
		List<BackendDefinition> definitions = new ArrayList<>();
		for (int i = 0; i < backends.size(); i++) {
			definitions.add(toDefinition(name, i, backends.get(i)));
		}
		return definitions;
	}

	private BackendDefinition toDefinition(String name, int index, DuplexProperties.Backend backend) {
		if (backend.address() == null) {
			throw new InvalidProxyDefinitionException(name, BACKENDS, backend.name(),
					"has no address: set %s.%s.%s[%d].address".formatted(PREFIX, name, BACKENDS, index));
		}
		try {
			return BackendDefinition.of(backend.name(), backend.address());
		}
		catch (IllegalArgumentException ex) {
			throw new InvalidProxyDefinitionException(name, BACKENDS, backend.address(), "is no address", ex);
		}
	}

	/**
	 * Describe where a proxy that has properties was declared.
	 * @param name the proxy's name
	 * @return the description
	 */
	String place(String name) {
		String place = "'" + PREFIX + "." + name + "'";
		ConfigurationPropertyName prefix = ConfigurationPropertyName.adapt(PREFIX + "." + name, '.');
		return properties(prefix).findFirst()
			.map((property) -> place + " (originating from '" + property.getOrigin() + "')")
			.orElse(place);
	}

	/**
	 * Find what made a definition wrong.
	 * @param ex what is wrong
	 * @param place where the proxy was declared
	 * @return an exception whose analysis tells the property, if it was one, and
	 * otherwise the place
	 */
	RuntimeException locate(InvalidProxyDefinitionException ex, Supplier<String> place) {
		ConfigurationPropertyName name = ConfigurationPropertyName
			.adapt(PREFIX + "." + ex.getProxy() + "." + DataObjectPropertyName.toDashedForm(ex.getAttribute()), '.');
		List<ConfigurationProperty> candidates = properties(name).toList();
		if (candidates.isEmpty()) {
			return new ProxyDeclarationException(place.get(), ex);
		}
		ConfigurationProperty property = candidates.stream()
			.filter((candidate) -> candidate.getValue().toString().equals(ex.getValue()))
			.reduce((first, second) -> second)
			.orElse(candidates.get(0));
		return new InvalidConfigurationPropertyValueException(property.getName().toString(), property.getValue(),
				reason(ex), ex);
	}

	private String reason(InvalidProxyDefinitionException ex) {
		if (ex.getCause() instanceof IllegalArgumentException cause) {
			return cause.getMessage() + ".";
		}
		String value = (ex.getValue() != null && BACKENDS.equals(ex.getAttribute())) ? "'" + ex.getValue() + "' " : "";
		return StringUtils.capitalize(value + ex.getReason()) + ".";
	}

	private Stream<ConfigurationProperty> properties(ConfigurationPropertyName name) {
		return sources().flatMap((source) -> properties(source, name));
	}

	private Stream<ConfigurationProperty> properties(ConfigurationPropertySource source,
			ConfigurationPropertyName name) {
		Stream<ConfigurationPropertyName> below = (source instanceof IterableConfigurationPropertySource iterable)
				? iterable.stream().filter(name::isAncestorOf) : Stream.empty();
		return Stream.concat(Stream.of(name), below).map(source::getConfigurationProperty).filter(Objects::nonNull);
	}

	private Stream<ConfigurationPropertySource> sources() {
		return StreamSupport.stream(ConfigurationPropertySources.get(this.environment).spliterator(), false);
	}

}
