/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.lang.reflect.Method;
import java.util.Map;

import io.duplex.boot.DuplexRoute;

import org.springframework.aop.framework.AopInfrastructureBean;
import org.springframework.context.annotation.Bean;
import org.springframework.core.MethodIntrospector;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.util.ClassUtils;

/**
 * Finds {@link DuplexRoute @DuplexRoute} annotations.
 */
final class DuplexRoutes {

	private DuplexRoutes() {
	}

	/**
	 * Whether a class or one of its super types has the annotation.
	 * @param type the class
	 * @return whether it has
	 */
	static boolean isAnnotated(Class<?> type) {
		return AnnotatedElementUtils.hasAnnotation(type, DuplexRoute.class);
	}

	/**
	 * Find the methods of a class that have the annotation. {@code @Bean} methods are
	 * none: what they have belongs to the bean that they make.
	 * @param type the class
	 * @return the annotations by method
	 */
	static Map<Method, DuplexRoute> findMethods(Class<?> type) {
		Class<?> userType = ClassUtils.getUserClass(type);
		if (AopInfrastructureBean.class.isAssignableFrom(userType)
				|| !AnnotationUtils.isCandidateClass(userType, DuplexRoute.class)) {
			return Map.of();
		}
		return MethodIntrospector.selectMethods(userType,
				(MethodIntrospector.MetadataLookup<DuplexRoute>) (
						method) -> AnnotatedElementUtils.hasAnnotation(method, Bean.class) ? null
								: AnnotatedElementUtils.findMergedAnnotation(method, DuplexRoute.class));
	}

}
