/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.DuplexEngineOptions;

/**
 * Callback interface that can be implemented by beans wishing to change the options of
 * the auto-configured {@link io.duplex.DuplexEngine}, after the properties
 * {@code duplex.engine.*} have been applied.
 */
@FunctionalInterface
public interface DuplexEngineOptionsCustomizer {

	/**
	 * Customize the options.
	 * @param options the options so far
	 * @return the options to go on with
	 */
	DuplexEngineOptions customize(DuplexEngineOptions options);

}
