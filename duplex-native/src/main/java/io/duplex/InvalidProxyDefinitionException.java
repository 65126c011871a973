/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import org.jspecify.annotations.Nullable;

/**
 * A proxy was defined wrongly.
 */
public class InvalidProxyDefinitionException extends IllegalArgumentException {

	private static final long serialVersionUID = 1L;

	private final String proxy;

	private final String attribute;

	private final @Nullable String value;

	private final String reason;

	/**
	 * Create an exception.
	 * @param proxy name of the proxy
	 * @param attribute name of the component of {@link DuplexProxyDefinition} that is
	 * wrong
	 * @param value its value as text, or null when it is missing
	 * @param reason what is wrong with it
	 */
	public InvalidProxyDefinitionException(String proxy, String attribute, @Nullable Object value, String reason) {
		this(proxy, attribute, value, reason, null);
	}

	/**
	 * Create an exception.
	 * @param proxy name of the proxy
	 * @param attribute name of the component of {@link DuplexProxyDefinition} that is
	 * wrong
	 * @param value its value as text, or null when it is missing
	 * @param reason what is wrong with it
	 * @param cause what it is that noticed, or null
	 */
	public InvalidProxyDefinitionException(String proxy, String attribute, @Nullable Object value, String reason,
			@Nullable Throwable cause) {
		super("proxy '" + proxy + "': " + attribute + ((value != null) ? " '" + value + "' " : " ") + reason, cause);
		this.proxy = proxy;
		this.attribute = attribute;
		this.value = (value != null) ? value.toString() : null;
		this.reason = reason;
	}

	/**
	 * Name of the proxy.
	 * @return the name, which may itself be what is wrong
	 */
	public String getProxy() {
		return this.proxy;
	}

	/**
	 * What is wrong: a component of {@link DuplexProxyDefinition}.
	 * @return for example {@code connectTimeout}
	 */
	public String getAttribute() {
		return this.attribute;
	}

	/**
	 * The wrong value.
	 * @return its text, or null when it is missing
	 */
	public @Nullable String getValue() {
		return this.value;
	}

	/**
	 * Why it is wrong.
	 * @return the end of a sentence, for example {@code "must be positive"}
	 */
	public String getReason() {
		return this.reason;
	}

}
