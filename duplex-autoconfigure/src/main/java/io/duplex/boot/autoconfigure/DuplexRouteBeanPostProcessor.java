/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

import io.duplex.ConnectionRouter;
import io.duplex.boot.DuplexRoute;
import org.jspecify.annotations.Nullable;

import org.springframework.aop.framework.AopInfrastructureBean;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.BeanFactoryAware;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.properties.bind.DataObjectPropertyName;
import org.springframework.context.EmbeddedValueResolverAware;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.util.Assert;
import org.springframework.util.StringUtils;
import org.springframework.util.StringValueResolver;

/**
 * {@link BeanPostProcessor} that finds {@link DuplexRoute @DuplexRoute} on beans and
 * their methods. Comes last, so that it sees AOP proxies: routes are asked through them.
 */
class DuplexRouteBeanPostProcessor implements BeanPostProcessor, BeanFactoryAware, EmbeddedValueResolverAware, Ordered {

	private final Set<Class<?>> classesWithoutRoutes = ConcurrentHashMap.newKeySet(64);

	private final List<RouteDeclaration> waiting = new ArrayList<>();

	private @Nullable Consumer<RouteDeclaration> consumer;

	private @Nullable ConfigurableListableBeanFactory beanFactory;

	private @Nullable StringValueResolver valueResolver;

	@Override
	public void setBeanFactory(BeanFactory beanFactory) {
		if (beanFactory instanceof ConfigurableListableBeanFactory listable) {
			this.beanFactory = listable;
		}
	}

	@Override
	public void setEmbeddedValueResolver(StringValueResolver resolver) {
		this.valueResolver = resolver;
	}

	@Override
	public int getOrder() {
		return Ordered.LOWEST_PRECEDENCE;
	}

	/**
	 * Take the routes that were found so far, and have later ones handed over as they are
	 * found, as those of lazy beans are.
	 * @param consumer takes the later ones
	 * @return the routes so far
	 */
	synchronized List<RouteDeclaration> handOver(Consumer<RouteDeclaration> consumer) {
		this.consumer = consumer;
		return List.copyOf(this.waiting);
	}

	private void add(RouteDeclaration declaration) {
		Consumer<RouteDeclaration> consumer;
		synchronized (this) {
			consumer = this.consumer;
			if (consumer == null) {
				this.waiting.add(declaration);
			}
		}
		if (consumer != null) {
			consumer.accept(declaration);
		}
	}

	@Override
	public Object postProcessAfterInitialization(Object bean, String beanName) {
		if (bean instanceof AopInfrastructureBean) {
			return bean;
		}
		DuplexRoute annotation = findAnnotationOnBean(beanName);
		if (annotation != null) {
			String place = "bean '" + beanName + "'";
			Assert.state(bean instanceof ConnectionRouter,
					() -> "@DuplexRoute on " + place + " needs a ConnectionRouter, but the bean is a "
							+ bean.getClass().getName() + ". Other beans can have the annotation on a method that "
							+ "takes an InboundConnection");
			add(declaration(annotation, (ConnectionRouter) bean, place));
		}
		Class<?> targetClass = AopProxyUtils.ultimateTargetClass(bean);
		if (!this.classesWithoutRoutes.contains(targetClass)) {
			Map<Method, DuplexRoute> methods = DuplexRoutes.findMethods(targetClass);
			if (methods.isEmpty()) {
				this.classesWithoutRoutes.add(targetClass);
			}
			methods.forEach((method, route) -> add(declaration(route, new MethodConnectionRouter(bean, method),
					method.getDeclaringClass().getName() + "." + method.getName() + "() of bean '" + beanName + "'")));
		}
		return bean;
	}

	/**
	 * Finds the annotation on the class or on the {@code @Bean} method.
	 */
	private @Nullable DuplexRoute findAnnotationOnBean(String beanName) {
		if (this.beanFactory == null || !this.beanFactory.containsBeanDefinition(beanName)) {
			return null;
		}
		return this.beanFactory.findAnnotationOnBean(beanName, DuplexRoute.class, false);
	}

	private RouteDeclaration declaration(DuplexRoute annotation, ConnectionRouter router, String place) {
		Map<String, String> attributes = new HashMap<>();
		AnnotationUtils.getAnnotationAttributes(annotation).forEach((name, value) -> {
			if (value instanceof String text && StringUtils.hasLength(text)) {
				attributes.put(DataObjectPropertyName.toDashedForm(name), resolve(text));
			}
		});
		String name = attributes.remove("name");
		return new RouteDeclaration((name != null) ? name : "", attributes, router, place);
	}

	private String resolve(String text) {
		String resolved = (this.valueResolver != null) ? this.valueResolver.resolveStringValue(text) : text;
		return (resolved != null) ? resolved : "";
	}

}
