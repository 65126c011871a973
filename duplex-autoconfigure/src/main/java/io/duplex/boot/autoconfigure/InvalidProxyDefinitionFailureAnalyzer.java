/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.InvalidProxyDefinitionException;

import org.springframework.beans.factory.BeanCreationException;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.jspecify.annotations.Nullable;

/**
 * A {@code FailureAnalyzer} for proxies that are declared wrongly by a bean or an
 * annotation, or lack a property. Wrong properties are analyzed by Spring Boot itself.
 */
class InvalidProxyDefinitionFailureAnalyzer extends AbstractFailureAnalyzer<InvalidProxyDefinitionException> {

	@Override
	protected @Nullable FailureAnalysis analyze(Throwable rootFailure, InvalidProxyDefinitionException cause) {
		if (findCause(rootFailure, InvalidConfigurationPropertyValueException.class) != null) {
			return null;
		}
		ProxyDeclarationException declaration = findCause(rootFailure, ProxyDeclarationException.class);
		String declaredBy = (declaration != null) ? declaration.getPlace() : bean(rootFailure);
		String place = (declaredBy != null) ? ", declared by " + declaredBy + "," : "";
		String value = (cause.getValue() != null) ? " '" + cause.getValue() + "'" : "";
		return new FailureAnalysis(
				"The proxy '%s'%s is not valid: its %s%s %s.".formatted(cause.getProxy(), place,
						words(cause.getAttribute()), value, cause.getReason()),
				(declaration != null) ? action(cause) : "Correct it where the proxy is declared.", cause);
	}

	/**
	 * The bean whose creation failed, if it was one: the innermost, others only need it.
	 */
	private @Nullable String bean(Throwable rootFailure) {
		String bean = null;
		BeanCreationException failure = findCause(rootFailure, BeanCreationException.class);
		while (failure != null) {
			bean = (failure.getBeanName() != null) ? "bean '" + failure.getBeanName() + "'" : bean;
			failure = findCause(failure.getCause(), BeanCreationException.class);
		}
		return bean;
	}

	private String action(InvalidProxyDefinitionException cause) {
		if ("name".equals(cause.getAttribute())) {
			return "Give the proxy another name.";
		}
		String property = "duplex.proxies.%s.%s".formatted(cause.getProxy(),
				DataObjectPropertyName.toDashedForm(cause.getAttribute()));
		if ("backends".equals(cause.getAttribute()) && cause.getValue() == null) {
			return "Set the property '%s', or have the connections routed by the application: ".formatted(property)
					+ "@DuplexRoute(name = \"%s\").".formatted(cause.getProxy());
		}
		return "Correct it where the proxy is declared, or set the property '%s'.".formatted(property);
	}

	private String words(String attribute) {
		String property = DataObjectPropertyName.toDashedForm(attribute);
		return (property.indexOf('.') >= 0) ? property : property.replace('-', ' ');
	}

}
