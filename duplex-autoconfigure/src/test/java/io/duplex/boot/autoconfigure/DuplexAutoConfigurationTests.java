/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.time.Duration;
import java.util.List;

import io.duplex.BackendDefinition;
import io.duplex.DuplexAddress;
import io.duplex.DuplexEngine;
import io.duplex.DuplexProxy;
import io.duplex.DuplexProxyDefinition;
import io.duplex.ProxyState;
import io.duplex.boot.DuplexProxyRegistry;
import io.duplex.boot.DuplexProxyStartedEvent;
import io.duplex.boot.testing.FakeDuplexEngine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.context.LifecycleAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link DuplexAutoConfiguration}.
 */
@ExtendWith(OutputCaptureExtension.class)
class DuplexAutoConfigurationTests {

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(DuplexAutoConfiguration.class, LifecycleAutoConfiguration.class))
		.withBean(FakeDuplexEngine.class);

	private final String[] cache = { "duplex.proxies.cache.listen=tcp://127.0.0.1:0",
			"duplex.proxies.cache.backends=tcp://127.0.0.1:1" };

	@Test
	void whenThereAreNoProxiesThenTheRegistryIsEmpty() {
		this.contextRunner.run((context) -> assertThat(context).hasSingleBean(DuplexProxyRegistry.class)
			.getBean(DuplexProxyRegistry.class)
			.satisfies((registry) -> {
				assertThat(registry.getProxies()).isEmpty();
				assertThat(registry.isRunning()).isTrue();
			}));
	}

	@Test
	void whenEnabledPropertySetFalseThenThereIsNothing() {
		this.contextRunner.withPropertyValues(this.cache)
			.withPropertyValues("duplex.enabled=false")
			.run((context) -> assertThat(context).hasNotFailed()
				.doesNotHaveBean(DuplexProxyRegistry.class)
				.doesNotHaveBean("duplexDecisionExecutor")
				.doesNotHaveBean(DuplexProxyRegistrar.class));
	}

	@Test
	void whenThereIsNoJavaApiThenThereIsNothing() {
		new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(DuplexAutoConfiguration.class))
			.withClassLoader(new FilteredClassLoader(DuplexEngine.class))
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean(DuplexAutoConfiguration.class));
	}

	@Test
	void whenUserDefinesAnEngineThenItIsUsedAndNoExecutorIsMade() {
		this.contextRunner.withPropertyValues(this.cache).run((context) -> {
			assertThat(context).hasSingleBean(DuplexEngine.class);
			assertThat(context).doesNotHaveBean("duplexDecisionExecutor");
			assertThat(context.getBean(FakeDuplexEngine.class).proxies()).hasSize(1);
		});
	}

	@Test
	void whenUserDefinesARegistryThenItIsUsed() {
		this.contextRunner.withUserConfiguration(OwnRegistryConfiguration.class)
			.withPropertyValues(this.cache)
			.run((context) -> assertThat(context).hasSingleBean(DuplexProxyRegistry.class)
				.getBean("ownRegistry", DuplexProxyRegistry.class)
				.satisfies((registry) -> assertThat(registry.findProxy("cache")).isPresent()));
	}

	@Test
	void propertiesMakeProxies() {
		this.contextRunner
			.withPropertyValues("duplex.proxies.cache.listen=tcp://127.0.0.1:0",
					"duplex.proxies.cache.backends[0]=tcp://127.0.0.1:1",
					"duplex.proxies.cache.backends[1].address=tcp://127.0.0.1:2",
					"duplex.proxies.cache.backends[1].name=second", "duplex.proxies.cache.connect-attempts=2")
			.run((context) -> {
				DuplexProxy proxy = context.getBean(DuplexProxyRegistry.class).findProxy("cache").orElseThrow();
				assertThat(proxy.state()).isEqualTo(ProxyState.STARTED);
				assertThat(proxy.definition().listen()).hasToString("tcp://127.0.0.1:0");
				assertThat(proxy.definition().connectAttempts()).isEqualTo(2);
				assertThat(proxy.definition().backends()).extracting("name").containsExactly("127.0.0.1:1", "second");
				assertThat(proxy.definition().idleTimeout()).as("what is not set has the Java API's default")
					.isEqualTo(Duration.ofHours(1));
			});
	}

	@Test
	void everyPropertyOfAProxyIsInItsDefinition() {
		this.contextRunner.withPropertyValues("duplex.proxies.cache.listen=tcp://127.0.0.1:6380",
				"duplex.proxies.cache.backends[0]=tcp://10.0.0.5:6379", "duplex.proxies.cache.backends[1].name=second",
				"duplex.proxies.cache.backends[1].address=unix:///run/redis.sock",
				"duplex.proxies.cache.auto-startup=false", "duplex.proxies.cache.connect-timeout=1001ms",
				"duplex.proxies.cache.connect-attempts=7", "duplex.proxies.cache.idle-timeout=1003s",
				"duplex.proxies.cache.half-close-timeout=1005s", "duplex.proxies.cache.max-lifetime=1007m",
				"duplex.proxies.cache.max-connections=1009", "duplex.proxies.cache.resolve-interval=1011s",
				"duplex.proxies.cache.max-pending-decisions=1013", "duplex.proxies.cache.decision-timeout=1015ms")
			.run((context) -> {
				DuplexProxy proxy = context.getBean(DuplexProxyRegistry.class).findProxy("cache").orElseThrow();
				assertThat(proxy.definition()).isEqualTo(DuplexProxyDefinition.builder("cache")
					.listen("tcp://127.0.0.1:6380")
					.backends(List.of(BackendDefinition.of("tcp://10.0.0.5:6379"),
							new BackendDefinition("second", DuplexAddress.of("unix:///run/redis.sock"))))
					.autoStartup(false)
					.connectTimeout(Duration.ofMillis(1001))
					.connectAttempts(7)
					.idleTimeout(Duration.ofSeconds(1003))
					.halfCloseTimeout(Duration.ofSeconds(1005))
					.maxLifetime(Duration.ofMinutes(1007))
					.maxConnections(1009)
					.resolveInterval(Duration.ofSeconds(1011))
					.maxPendingDecisions(1013)
					.decisionTimeout(Duration.ofMillis(1015))
					.build());
			});
	}

	@Test
	void beansMakeProxies() {
		this.contextRunner.withUserConfiguration(DefinitionConfiguration.class)
			.withPropertyValues(this.cache)
			.run((context) -> {
				DuplexProxyRegistry registry = context.getBean(DuplexProxyRegistry.class);
				assertThat(registry.getProxies()).extracting(DuplexProxy::name).containsExactly("cache", "fromcode");
				assertThat(registry.getProxies()).extracting(DuplexProxy::state).containsOnly(ProxyState.STARTED);
			});
	}

	@Test
	void whenInitializationIsLazyThenProxiesAreStartedAllTheSame() {
		this.contextRunner
			.withInitializer(
					(context) -> context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
			.withUserConfiguration(DefinitionConfiguration.class)
			.withPropertyValues(this.cache)
			.run((context) -> {
				assertThat(context.getBean(FakeDuplexEngine.class).proxies()).extracting(DuplexProxy::state)
					.containsExactly(ProxyState.STARTED, ProxyState.STARTED);
				assertThat(context.getEnvironment().getProperty("local.duplex.cache.port")).isEqualTo("40000");
			});
	}

	@Test
	void boundPortIsInTheEnvironment() {
		this.contextRunner.withPropertyValues(this.cache)
			.withPropertyValues("duplex.proxies.local.listen=unix:///run/local.sock",
					"duplex.proxies.local.backends=tcp://127.0.0.1:1")
			.run((context) -> {
				Environment environment = context.getEnvironment();
				assertThat(environment.getProperty("local.duplex.cache.port", Integer.class)).isEqualTo(40000);
				assertThat(environment.containsProperty("local.duplex.local.port")).isFalse();
			});
	}

	@Test
	void boundPortIsInTheEnvironmentOfParentContexts() {
		new ApplicationContextRunner().run((parent) -> this.contextRunner.withParent(parent)
			.withPropertyValues(this.cache)
			.run((context) -> assertThat(parent.getEnvironment().getProperty("local.duplex.cache.port"))
				.isEqualTo("40000")));
	}

	@Test
	void boundPortIsToldByAnEvent() {
		this.contextRunner.withUserConfiguration(ListenerConfiguration.class)
			.withPropertyValues(this.cache)
			.run((context) -> assertThat(context.getBean(ListenerConfiguration.class).port).isEqualTo(40000));
	}

	@Test
	void proxiesAreStoppedBeforeTheEngineIsClosed() {
		FakeDuplexEngine[] engine = new FakeDuplexEngine[1];
		this.contextRunner.withPropertyValues(this.cache).run((context) -> {
			engine[0] = context.getBean(FakeDuplexEngine.class);
			context.close();
			assertThat(engine[0].proxy("cache").drains()).containsExactly(Duration.ofSeconds(10));
			assertThat(engine[0].isClosed()).isTrue();
		});
	}

	@Test
	void contextCanBeStoppedAndStartedAgain() {
		this.contextRunner.withPropertyValues(this.cache).run((context) -> {
			DuplexProxy proxy = context.getBean(FakeDuplexEngine.class).proxy("cache");
			context.stop();
			assertThat(proxy.state()).isEqualTo(ProxyState.STOPPED);
			context.start();
			assertThat(proxy.state()).isEqualTo(ProxyState.STARTED);
		});
	}

	@Test
	void contextCanBePausedWithoutStoppingProxies() {
		this.contextRunner.withPropertyValues(this.cache).run((context) -> {
			FakeDuplexEngine engine = context.getBean(FakeDuplexEngine.class);
			((ConfigurableApplicationContext) context.getSourceApplicationContext()).pause();
			assertThat(engine.proxy("cache").state()).isEqualTo(ProxyState.STARTED);
			assertThat(engine.proxy("cache").drains()).isEmpty();
			((ConfigurableApplicationContext) context.getSourceApplicationContext()).restart();
			assertThat(engine.proxy("cache").state()).isEqualTo(ProxyState.STARTED);
		});
	}

	@Test
	void gracePeriodIsKeptBelowTheTimeoutOfThePhase(CapturedOutput output) {
		this.contextRunner.withPropertyValues(this.cache)
			.withPropertyValues("duplex.shutdown.grace-period=1m", "spring.lifecycle.timeout-per-shutdown-phase=20s")
			.run((context) -> {
				FakeDuplexEngine engine = context.getBean(FakeDuplexEngine.class);
				context.stop();
				assertThat(engine.proxy("cache").drains()).containsExactly(Duration.ofSeconds(18));
				assertThat(output)
					.contains("duplex.shutdown.grace-period is PT1M, but open connections get no more than PT18S");
			});
	}

	@Test
	void gracePeriodIsKeptBelowTheDefaultTimeoutWithoutLifecycleAutoConfiguration() {
		new ApplicationContextRunner().withConfiguration(AutoConfigurations.of(DuplexAutoConfiguration.class))
			.withBean(FakeDuplexEngine.class)
			.withPropertyValues(this.cache)
			.withPropertyValues("duplex.shutdown.grace-period=1m")
			.run((context) -> {
				FakeDuplexEngine engine = context.getBean(FakeDuplexEngine.class);
				context.stop();
				assertThat(engine.proxy("cache").drains()).containsExactly(Duration.ofSeconds(27));
			});
	}

	@Test
	void proxiesStartAfterAndStopBeforeTheWebServer() {
		assertThat(DuplexProxyRegistry.LIFECYCLE_PHASE)
			.isGreaterThan(WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE)
			.isGreaterThan(WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE);
	}

	@Configuration(proxyBeanMethods = false)
	static class OwnRegistryConfiguration {

		@Bean
		DuplexProxyRegistry ownRegistry(DuplexEngine engine) {
			return new DuplexProxyRegistry(engine, (event) -> {
			}, Duration.ZERO);
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class DefinitionConfiguration {

		@Bean
		DuplexProxyDefinition fromCode() {
			return DuplexProxyDefinition.builder("fromcode")
				.listen("tcp://127.0.0.1:0")
				.backends("tcp://127.0.0.1:2")
				.build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class ListenerConfiguration {

		private int port;

		@EventListener
		void onStarted(DuplexProxyStartedEvent event) {
			this.port = event.getProxy().port();
		}

	}

}
