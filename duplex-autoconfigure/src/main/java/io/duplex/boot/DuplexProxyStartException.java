/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import io.duplex.DuplexException;
import io.duplex.DuplexProxyDefinition;

/**
 * A proxy could not be started with the application.
 */
public class DuplexProxyStartException extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private final transient DuplexProxyDefinition definition;

	/**
	 * Create a new exception.
	 * @param definition what the proxy should have done
	 * @param cause what was in the way
	 */
	public DuplexProxyStartException(DuplexProxyDefinition definition, DuplexException cause) {
		super("Failed to start proxy '" + definition.name() + "': " + cause.getMessage(), cause);
		this.definition = definition;
	}

	/**
	 * What the proxy should have done.
	 * @return the definition
	 */
	public DuplexProxyDefinition getDefinition() {
		return this.definition;
	}

}
