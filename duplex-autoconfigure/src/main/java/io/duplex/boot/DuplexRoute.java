/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import io.duplex.ConnectionRouter;

/**
 * Declares a proxy whose connections are routed by the application: for every accepted
 * connection it is asked where the connection goes.
 * <p>
 * Can be put on
 * <ul>
 * <li>a bean that implements {@link ConnectionRouter}, on its class or on its
 * {@code @Bean} method;</li>
 * <li>a method of a bean that takes an {@link io.duplex.InboundConnection} and returns
 * the target as a {@link String}, an {@link io.duplex.DuplexAddress}, an
 * {@link java.util.Optional} of one of these, or {@code null}. Nothing refuses the
 * connection.</li>
 * </ul>
 * Decisions are made on an executor: on virtual threads where the application enabled
 * them ({@code spring.threads.virtual.enabled}). They may block. A decision that throws
 * refuses its connection and no other.
 * <p>
 * Every attribute but the name can be overridden by the property
 * {@code duplex.proxies.<name>.*}, which in turn sets what has no attribute here.
 */
@Target({ ElementType.TYPE, ElementType.METHOD })
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface DuplexRoute {

	/**
	 * The name of the proxy: a lower-case letter followed by lower-case letters and
	 * digits. It must be unique among all proxies. {@code ${...}} placeholders are
	 * resolved.
	 * @return the name
	 */
	String name();

	/**
	 * The address to listen on: {@code tcp://host:port}, where port 0 picks a free one,
	 * or {@code unix:///path}. Required, here or as the property
	 * {@code duplex.proxies.<name>.listen}. {@code ${...}} placeholders are resolved.
	 * @return the address
	 */
	String listen() default "";

	/**
	 * Whether to start the proxy with the application. {@code true} unless set.
	 * {@code ${...}} placeholders are resolved.
	 * @return whether to start, as text
	 */
	String autoStartup() default "";

	/**
	 * The time that a decision may take before the connection is refused, as a
	 * {@link java.time.Duration} in simple ({@code 2s}) or ISO-8601 ({@code PT2S}) form.
	 * {@code 10s} unless set. {@code ${...}} placeholders are resolved.
	 * @return the time limit
	 */
	String decisionTimeout() default "";

	/**
	 * The number of connections that may wait for their decisions; further ones wait to
	 * be accepted. {@code 1024} unless set. {@code ${...}} placeholders are resolved.
	 * @return the number, as text
	 */
	String maxPendingDecisions() default "";

}
