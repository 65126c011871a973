/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.util.Map;

import io.duplex.ConnectionRouter;

import org.springframework.boot.origin.Origin;

/**
 * A {@link io.duplex.boot.DuplexRoute @DuplexRoute} that was found on a bean, and as such
 * the origin of values.
 *
 * @param name the name of the proxy
 * @param attributes the other attributes that were set, by the last part of the name of
 * the property that overrides them, placeholders resolved
 * @param router who decides
 * @param place where the annotation was found, for messages
 */
record RouteDeclaration(String name, Map<String, String> attributes, ConnectionRouter router,
		String place) implements Origin {

	@Override
	public String toString() {
		return "@DuplexRoute on " + this.place;
	}

}
