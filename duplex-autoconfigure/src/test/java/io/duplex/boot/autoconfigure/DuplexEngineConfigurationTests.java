/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.util.concurrent.Executor;

import io.duplex.DuplexEngine;
import org.junit.jupiter.api.Test;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.task.AsyncTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for the engine and the executor that {@link DuplexAutoConfiguration} makes.
 */
class DuplexEngineConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(DuplexAutoConfiguration.class, TaskExecutionAutoConfiguration.class));

	@Test
	void engineHasTheOptionsOfPropertiesAndCustomizersAndIsClosedWithTheContext() {
		DuplexEngine[] engine = new DuplexEngine[1];
		this.contextRunner.withPropertyValues("duplex.engine.workers=1", "duplex.engine.pipe-size=128KB")
			.withBean(DuplexEngineOptionsCustomizer.class, () -> (options) -> options.withMaxDescriptors(300))
			.run((context) -> {
				engine[0] = context.getBean(DuplexEngine.class);
				assertThat(engine[0].statistics().workers()).isEqualTo(1);
				assertThat(engine[0].statistics().pipeSize()).isEqualTo(128 * 1024);
				assertThat(engine[0].statistics().descriptorsMax()).isEqualTo(300);
				assertThat(engine[0].isClosed()).isFalse();
			});
		assertThat(engine[0].isClosed()).isTrue();
	}

	@Test
	void decisionExecutorDoesNotTakeThePlaceOfTheApplicationsOwn() {
		this.contextRunner.run((context) -> {
			assertThat(context).hasBean("duplexDecisionExecutor").hasBean("applicationTaskExecutor");
			assertThat(context.getBeanProvider(Executor.class).getIfUnique())
				.isSameAs(context.getBean("applicationTaskExecutor"));
			assertThat(context.getBeanProvider(AsyncTaskExecutor.class).getIfUnique())
				.isSameAs(context.getBean("applicationTaskExecutor"));
		});
	}

	@Test
	void decisionExecutorHasPlatformThreads() {
		this.contextRunner.run((context) -> {
			ThreadPoolTaskExecutor executor = context.getBean("duplexDecisionExecutor", ThreadPoolTaskExecutor.class);
			Thread thread = executor.submit(Thread::currentThread).get();
			assertThat(thread.getName()).startsWith("duplex-decision-");
			assertThat(thread.isDaemon()).isTrue();
		});
	}

	@Test
	void decisionExecutorHasVirtualThreadsWhereTheApplicationEnabledThemAndTheJvmHasThem() {
		this.contextRunner.withPropertyValues("spring.threads.virtual.enabled=true").run((context) -> {
			AsyncTaskExecutor executor = context.getBean("duplexDecisionExecutor", AsyncTaskExecutor.class);
			if (Runtime.version().feature() < 21) {
				assertThat(executor).isInstanceOf(ThreadPoolTaskExecutor.class);
				return;
			}
			Thread thread = executor.submit(Thread::currentThread).get();
			assertThat(thread.getName()).startsWith("duplex-decision-");
			assertThat(thread.getClass().getName()).isEqualTo("java.lang.VirtualThread");
		});
	}

	@Test
	void decisionExecutorBacksOffToOneOfTheSameName() {
		this.contextRunner.withUserConfiguration(OwnExecutor.class)
			.run((context) -> assertThat(context.getBean("duplexDecisionExecutor"))
				.isSameAs(context.getBean(OwnExecutor.class).executor));
	}

	@Configuration(proxyBeanMethods = false)
	static class OwnExecutor {

		private final Executor executor = (task) -> new Thread(task).start();

		@Bean
		Executor duplexDecisionExecutor() {
			return this.executor;
		}

	}

}
