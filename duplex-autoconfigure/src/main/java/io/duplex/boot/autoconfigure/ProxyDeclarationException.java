/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.InvalidProxyDefinitionException;

/**
 * Tells where a wrong proxy was declared, when it was not by a property.
 */
class ProxyDeclarationException extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private final String place;

	ProxyDeclarationException(String place, InvalidProxyDefinitionException cause) {
		super(cause.getMessage() + ", declared by " + place, cause);
		this.place = place;
	}

	String getPlace() {
		return this.place;
	}

}
