/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.springframework.beans.factory.annotation.Value;

/**
 * Annotation at the field or method/constructor parameter level of a test that injects
 * the TCP port on which a Duplex proxy was started. Provides a convenient alternative for
 * <code>&#064;Value(&quot;${local.duplex.cache.port}&quot;)</code>.
 */
@Target({ ElementType.FIELD, ElementType.METHOD, ElementType.PARAMETER })
@Retention(RetentionPolicy.RUNTIME)
@Documented
// Marks the place as one to be injected; LocalDuplexPortResolver puts the proxy's name in
@Value("${local.duplex.port}")
public @interface LocalDuplexPort {

	/**
	 * The name of the proxy.
	 * @return the name
	 */
	String value();

}
