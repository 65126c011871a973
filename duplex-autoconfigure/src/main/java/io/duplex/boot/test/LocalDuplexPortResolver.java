/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.test;

import java.lang.annotation.Annotation;

import org.jspecify.annotations.Nullable;

import org.springframework.context.annotation.ContextAnnotationAutowireCandidateResolver;

/**
 * Suggests the value of the property that holds a proxy's port wherever
 * {@link LocalDuplexPort @LocalDuplexPort} asks for it.
 */
class LocalDuplexPortResolver extends ContextAnnotationAutowireCandidateResolver {

	@Override
	protected @Nullable Object findValue(Annotation[] annotationsToSearch) {
		for (Annotation annotation : annotationsToSearch) {
			if (annotation instanceof LocalDuplexPort port) {
				return "${local.duplex." + port.value() + ".port}";
			}
		}
		return super.findValue(annotationsToSearch);
	}

}
