/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.boot.DuplexRoute;

import org.springframework.beans.factory.annotation.AnnotatedBeanDefinition;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.core.type.MethodMetadata;

/**
 * {@link LazyInitializationExcludeFilter} for beans with a
 * {@link DuplexRoute @DuplexRoute}: nobody asks for them, but their proxies must listen.
 */
class DuplexRouteLazyInitializationExcludeFilter implements LazyInitializationExcludeFilter {

	@Override
	public boolean isExcluded(String beanName, BeanDefinition beanDefinition, Class<?> beanType) {
		return isAnnotatedBeanMethod(beanDefinition) || DuplexRoutes.isAnnotated(beanType)
				|| !DuplexRoutes.findMethods(beanType).isEmpty();
	}

	private boolean isAnnotatedBeanMethod(BeanDefinition beanDefinition) {
		if (beanDefinition instanceof AnnotatedBeanDefinition annotated) {
			MethodMetadata factoryMethod = annotated.getFactoryMethodMetadata();
			return factoryMethod != null && factoryMethod.isAnnotated(DuplexRoute.class.getName());
		}
		return false;
	}

}
