/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.DuplexException;
import io.duplex.DuplexProxyDefinition;
import io.duplex.boot.DuplexProxyStartException;
import org.jspecify.annotations.Nullable;

/**
 * What a failure to listen was about.
 *
 * @param address where it should have listened
 * @param proxy name of the proxy that should have, or null where it was none of the
 * application's start
 */
record ListenFailure(String address, @Nullable String proxy) {

	static ListenFailure of(Throwable rootFailure, DuplexException cause) {
		Throwable candidate = rootFailure;
		while (candidate != null) {
			if (candidate instanceof DuplexProxyStartException startFailure) {
				DuplexProxyDefinition definition = startFailure.getDefinition();
				return new ListenFailure(definition.listen().toString(), definition.name());
			}
			candidate = candidate.getCause();
		}
		return new ListenFailure(String.valueOf(cause.getAddress()), null);
	}

	String description() {
		return (this.proxy != null) ? "The proxy '%s' could not listen on %s".formatted(this.proxy, this.address)
				: "Duplex could not listen on %s".formatted(this.address);
	}

	String anotherAddress() {
		return "configure another address" + property();
	}

	/**
	 * The property to set, as the end of a sentence.
	 * @return the property in parentheses, or nothing
	 */
	String property() {
		return (this.proxy != null) ? " (duplex.proxies." + this.proxy + ".listen)" : "";
	}

}
