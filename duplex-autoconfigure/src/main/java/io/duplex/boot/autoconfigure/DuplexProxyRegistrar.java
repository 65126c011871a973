/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

import io.duplex.DuplexProxyDefinition;
import io.duplex.InvalidProxyDefinitionException;
import io.duplex.UnresolvedAddressException;
import io.duplex.boot.DuplexProxyRegistry;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;

/**
 * Brings proxies from wherever they are declared to the {@link DuplexProxyRegistry}, as
 * soon as all beans are there: from properties, from beans and from
 * {@link io.duplex.boot.DuplexRoute @DuplexRoute}. Properties and an annotation with one
 * name make one proxy.
 */
class DuplexProxyRegistrar implements SmartInitializingSingleton {

	private final DuplexProxyRegistry registry;

	private final ProxyProperties properties;

	private final ListableBeanFactory beanFactory;

	private final DuplexRouteBeanPostProcessor routes;

	/**
	 * Where the proxies were declared, by their names.
	 */
	private final Map<String, Supplier<String>> places = new HashMap<>();

	DuplexProxyRegistrar(DuplexProxyRegistry registry, ProxyProperties properties, ListableBeanFactory beanFactory,
			DuplexRouteBeanPostProcessor routes) {
		this.registry = registry;
		this.properties = properties;
		this.beanFactory = beanFactory;
		this.routes = routes;
	}

	@Override
	public void afterSingletonsInstantiated() {
		Map<String, DuplexProxyDefinition> beans = this.beanFactory.getBeansOfType(DuplexProxyDefinition.class);
		Map<String, RouteDeclaration> routesByName = new LinkedHashMap<>();
		for (RouteDeclaration route : this.routes.handOver(this::register)) {
			RouteDeclaration other = routesByName.putIfAbsent(route.name(), route);
			if (other != null) {
				throw duplicate(route.name(), other::toString, route::toString);
			}
		}
		for (String name : this.properties.names()) {
			RouteDeclaration route = routesByName.remove(name);
			if (route != null) {
				register(route);
			}
			else {
				register(name, () -> this.properties.place(name), () -> this.properties.define(name));
			}
		}
		beans.forEach((beanName, definition) -> register(definition.name(), () -> "bean '" + beanName + "'",
				() -> definition));
		routesByName.values().forEach(this::register);
	}

	private void register(RouteDeclaration route) {
		register(route.name(), route::toString, () -> this.properties.define(route));
	}

	private synchronized void register(String name, Supplier<String> place,
			Supplier<DuplexProxyDefinition> definition) {
		Supplier<String> other = this.places.putIfAbsent(name, place);
		if (other != null) {
			throw duplicate(name, other, place);
		}
		try {
			this.registry.register(definition.get());
		}
		catch (UnresolvedAddressException ex) {
			throw this.properties.locate(
					new InvalidProxyDefinitionException(name, "listen", ex.getAddress(), "cannot be resolved", ex),
					place);
		}
		catch (InvalidProxyDefinitionException ex) {
			throw this.properties.locate(ex, place);
		}
	}

	private static ProxyDeclarationException duplicate(String name, Supplier<String> place,
			Supplier<String> otherPlace) {
		return new ProxyDeclarationException(otherPlace.get(), new InvalidProxyDefinitionException(name, "name", name,
				"is also the name of the proxy declared by " + place.get()));
	}

}
