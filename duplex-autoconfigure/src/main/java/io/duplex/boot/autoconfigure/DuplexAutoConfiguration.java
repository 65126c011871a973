/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.time.Duration;
import java.util.concurrent.Executor;

import io.duplex.DuplexEngine;
import io.duplex.boot.DuplexProxyRegistry;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.LazyInitializationExcludeFilter;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnThreading;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.autoconfigure.context.LifecycleProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.thread.Threading;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.log.LogMessage;
import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/**
 * {@link EnableAutoConfiguration Auto-configuration} for Duplex: the engine, and the
 * proxies that are declared by properties, by beans and by
 * {@link io.duplex.boot.DuplexRoute @DuplexRoute}.
 */
@AutoConfiguration(after = LifecycleAutoConfiguration.class)
@ConditionalOnClass(DuplexEngine.class)
@ConditionalOnBooleanProperty(name = "duplex.enabled", matchIfMissing = true)
@EnableConfigurationProperties(DuplexProperties.class)
public final class DuplexAutoConfiguration {

	private static final Log logger = LogFactory.getLog(DuplexAutoConfiguration.class);

	@Bean
	@ConditionalOnMissingBean
	DuplexProxyRegistry duplexProxyRegistry(DuplexEngine engine, ApplicationEventPublisher eventPublisher,
			DuplexProperties properties, ObjectProvider<LifecycleProperties> lifecycleProperties) {
		Duration phaseTimeout = lifecycleProperties.getIfAvailable(LifecycleProperties::new)
			.getTimeoutPerShutdownPhase();
		return new DuplexProxyRegistry(engine, eventPublisher,
				limitGracePeriod(properties.getShutdown().getGracePeriod(), phaseTimeout));
	}

	/**
	 * Spring never tells a bean that the time of its phase is up, it moves on and
	 * destroys the engine. The connections are to be closed in order before that.
	 */
	private Duration limitGracePeriod(Duration gracePeriod, Duration phaseTimeout) {
		if (gracePeriod.isNegative()) {
			throw new InvalidConfigurationPropertyValueException("duplex.shutdown.grace-period", gracePeriod,
					"Must not be negative.");
		}
		Duration limit = phaseTimeout.minus(phaseTimeout.dividedBy(10));
		if (gracePeriod.compareTo(limit) <= 0) {
			return gracePeriod;
		}
		logger.warn(LogMessage.format("duplex.shutdown.grace-period is %s, but open connections get no more than %s: "
				+ "spring.lifecycle.timeout-per-shutdown-phase is %s", gracePeriod, limit, phaseTimeout));
		return limit;
	}

	@Bean
	DuplexProxyRegistrar duplexProxyRegistrar(DuplexProxyRegistry registry, DuplexProperties properties,
			Environment environment, ListableBeanFactory beanFactory, DuplexRouteBeanPostProcessor routes) {
		return new DuplexProxyRegistrar(registry, new ProxyProperties(properties.getProxies(), environment),
				beanFactory, routes);
	}

	@Bean
	DuplexPortPropertyListener duplexPortPropertyListener() {
		return new DuplexPortPropertyListener();
	}

	@Bean
	static DuplexRouteBeanPostProcessor duplexRouteBeanPostProcessor() {
		return new DuplexRouteBeanPostProcessor();
	}

	@Bean
	static LazyInitializationExcludeFilter duplexRouteLazyInitializationExcludeFilter() {
		return new DuplexRouteLazyInitializationExcludeFilter();
	}

	@Configuration(proxyBeanMethods = false)
	@ConditionalOnMissingBean(DuplexEngine.class)
	static class EngineConfiguration {

		private static final String DECISION_EXECUTOR = "duplexDecisionExecutor";

		private static final String DECISION_THREAD_PREFIX = "duplex-decision-";

		@Bean
		DuplexEngine duplexEngine(DuplexProperties properties, @Qualifier(DECISION_EXECUTOR) Executor decisionExecutor,
				ObjectProvider<DuplexEngineOptionsCustomizer> customizers) {
			return new DuplexEngineFactory(properties.getEngine(), decisionExecutor,
					customizers.orderedStream().toList())
				.create();
		}

		@Bean(name = DECISION_EXECUTOR, defaultCandidate = false)
		@ConditionalOnMissingBean(name = DECISION_EXECUTOR)
		@ConditionalOnThreading(Threading.VIRTUAL)
		SimpleAsyncTaskExecutor duplexDecisionExecutorVirtualThreads() {
			SimpleAsyncTaskExecutor executor = new SimpleAsyncTaskExecutor(DECISION_THREAD_PREFIX);
			executor.setVirtualThreads(true);
			return executor;
		}

		/**
		 * The queue need not be bounded: a proxy accepts no connections beyond its
		 * {@code max-pending-decisions}.
		 */
		@Bean(name = DECISION_EXECUTOR, defaultCandidate = false)
		@ConditionalOnMissingBean(name = DECISION_EXECUTOR)
		@ConditionalOnThreading(Threading.PLATFORM)
		ThreadPoolTaskExecutor duplexDecisionExecutor() {
			ThreadPoolTaskExecutor executor = new ThreadPoolTaskExecutor();
			executor.setThreadNamePrefix(DECISION_THREAD_PREFIX);
			executor.setDaemon(true);
			executor.setCorePoolSize(16);
			executor.setMaxPoolSize(16);
			executor.setAllowCoreThreadTimeOut(true);
			// Proxies go on deciding about connections until they are stopped themselves
			executor.setAcceptTasksAfterContextClose(true);
			return executor;
		}

	}

}
