/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.test;

import java.util.List;

import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;

/**
 * {@link ContextCustomizerFactory} for {@link LocalDuplexPort @LocalDuplexPort}.
 */
class LocalDuplexPortContextCustomizerFactory implements ContextCustomizerFactory {

	@Override
	public ContextCustomizer createContextCustomizer(Class<?> testClass,
			List<ContextConfigurationAttributes> configurationAttributes) {
		return new LocalDuplexPortContextCustomizer();
	}

}
