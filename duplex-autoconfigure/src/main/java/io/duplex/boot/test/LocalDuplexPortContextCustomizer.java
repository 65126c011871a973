/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.test;

import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.MergedContextConfiguration;

/**
 * {@link ContextCustomizer} that makes {@link LocalDuplexPort @LocalDuplexPort} work in
 * the context of a test. All instances are equal, so that it never keeps tests from
 * sharing a context.
 */
record LocalDuplexPortContextCustomizer() implements ContextCustomizer {

	@Override
	public void customizeContext(ConfigurableApplicationContext context, MergedContextConfiguration configuration) {
		if (context.getBeanFactory() instanceof DefaultListableBeanFactory beanFactory) {
			beanFactory.setAutowireCandidateResolver(new LocalDuplexPortResolver());
		}
	}

}
