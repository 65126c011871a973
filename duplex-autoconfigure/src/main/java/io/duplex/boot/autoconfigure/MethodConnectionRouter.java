/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Optional;

import io.duplex.ConnectionRouter;
import io.duplex.DuplexAddress;
import io.duplex.InboundConnection;
import org.jspecify.annotations.Nullable;

import org.springframework.aop.support.AopUtils;
import org.springframework.core.ResolvableType;
import org.springframework.util.Assert;
import org.springframework.util.ReflectionUtils;

/**
 * {@link ConnectionRouter} that asks a method of a bean.
 */
final class MethodConnectionRouter implements ConnectionRouter {

	private final Object bean;

	private final Method method;

	/**
	 * Create a new router.
	 * @param bean the bean, possibly an AOP proxy
	 * @param method the method, of the bean's class or of its target's
	 * @throws IllegalStateException when the method does not have the form that a route
	 * needs, or cannot be called on the bean
	 */
	MethodConnectionRouter(Object bean, Method method) {
		Assert.state(method.getParameterCount() == 1 && method.getParameterTypes()[0] == InboundConnection.class,
				() -> "@DuplexRoute method " + method + " must take an InboundConnection and nothing else");
		Assert.state(isTarget(ResolvableType.forMethodReturnType(method)), () -> "@DuplexRoute method " + method
				+ " must return a String, a DuplexAddress, or an Optional of one of these");
		this.bean = bean;
		this.method = AopUtils.selectInvocableMethod(method, bean.getClass());
		ReflectionUtils.makeAccessible(this.method);
	}

	private static boolean isTarget(ResolvableType type) {
		Class<?> resolved = type.resolve(Object.class);
		if (resolved == Optional.class) {
			return isTarget(type.getGeneric(0));
		}
		return resolved == String.class || resolved == DuplexAddress.class;
	}

	@Override
	public @Nullable DuplexAddress route(InboundConnection connection) throws Exception {
		try {
			return toAddress(this.method.invoke(this.bean, connection));
		}
		catch (InvocationTargetException ex) {
			ReflectionUtils.rethrowException(ex.getTargetException());
			throw new IllegalStateException("Should never get here", ex);
		}
	}

	private static @Nullable DuplexAddress toAddress(@Nullable Object target) {
		if (target instanceof Optional<?> optional) {
			return toAddress(optional.orElse(null));
		}
		return (target instanceof String text) ? DuplexAddress.of(text) : (DuplexAddress) target;
	}

	@Override
	public String toString() {
		return this.method.toString();
	}

}
