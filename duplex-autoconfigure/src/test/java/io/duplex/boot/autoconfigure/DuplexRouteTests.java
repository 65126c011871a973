/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

import io.duplex.ConnectionRouter;
import io.duplex.DuplexAddress;
import io.duplex.DuplexProxy;
import io.duplex.DuplexProxyDefinition;
import io.duplex.InboundConnection;
import io.duplex.ProxyState;
import io.duplex.boot.DuplexProxyRegistry;
import io.duplex.boot.DuplexRoute;
import io.duplex.boot.testing.FakeDuplexEngine;
import org.aspectj.lang.annotation.Aspect;
import org.aspectj.lang.annotation.Before;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.EnableAspectJAutoProxy;
import org.springframework.context.annotation.Lazy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link DuplexRoute @DuplexRoute}.
 */
class DuplexRouteTests {

	private static final InboundConnection CONNECTION = new TestConnection();

	private final ApplicationContextRunner contextRunner = new ApplicationContextRunner()
		.withConfiguration(AutoConfigurations.of(DuplexAutoConfiguration.class))
		.withBean(FakeDuplexEngine.class);

	@Test
	void classOfABean() {
		this.contextRunner.withBean(RouterClass.class).run((context) -> {
			DuplexProxyDefinition definition = definition(context, "byclass");
			assertThat(definition.listen()).hasToString("tcp://127.0.0.1:7001");
			assertThat(definition.backends()).isEmpty();
			assertThat(route(definition)).hasToString("tcp://127.0.0.1:1");
			assertThat(context.getBean(FakeDuplexEngine.class).proxy("byclass").state()).isEqualTo(ProxyState.STARTED);
		});
	}

	@Test
	void superclassOfABean() {
		this.contextRunner.withBean(SubRouterClass.class)
			.run((context) -> assertThat(route(definition(context, "byclass"))).hasToString("tcp://127.0.0.1:1"));
	}

	@Test
	void beanMethod() {
		this.contextRunner.withUserConfiguration(BeanMethods.class).run((context) -> {
			assertThat(route(definition(context, "bymethod"))).hasToString("tcp://127.0.0.1:2");
			assertThat(route(definition(context, "lambda"))).isNull();
			assertThat(proxies(context)).as("the methods of the configuration itself are no routes").hasSize(2);
		});
	}

	@Test
	void methodsOfABean() {
		this.contextRunner.withBean(RouteMethods.class).run((context) -> {
			assertThat(route(definition(context, "text"))).hasToString("tcp://127.0.0.1:3");
			assertThat(route(definition(context, "address"))).hasToString("unix:///run/x.sock");
			assertThat(route(definition(context, "optional"))).hasToString("tcp://127.0.0.1:4");
			assertThat(route(definition(context, "optionaladdress"))).hasToString("tcp://127.0.0.1:5");
			assertThat(route(definition(context, "nothing"))).isNull();
			assertThat(route(definition(context, "empty"))).isNull();
			assertThat(route(definition(context, "hidden"))).hasToString("tcp://127.0.0.1:6");
		});
	}

	@Test
	void methodThatThrowsPassesItsExceptionOn() {
		this.contextRunner.withBean(RouteMethods.class)
			.run((context) -> assertThatIllegalStateException().isThrownBy(() -> route(definition(context, "failing")))
				.withMessage("no decision"));
	}

	@Test
	void methodsThatCannotBeRoutesAreRefused() {
		this.contextRunner.withBean(VoidMethod.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("VoidMethod.route")
				.hasMessageContaining("must return a String, a DuplexAddress, or an Optional of one of these"));
		this.contextRunner.withBean(WrongParameter.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("WrongParameter.route")
				.hasMessageContaining("must take an InboundConnection and nothing else"));
		this.contextRunner.withBean(OptionalOfWrongType.class)
			.run((context) -> assertThat(context).getFailure().rootCause().hasMessageContaining("must return"));
	}

	@Test
	void classThatIsNoRouterIsRefused() {
		this.contextRunner.withBean("notARouter", NotARouter.class, NotARouter::new)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("@DuplexRoute on bean 'notARouter' needs a ConnectionRouter")
				.hasMessageContaining(NotARouter.class.getName()));
	}

	@Test
	void placeholdersAreResolved() {
		this.contextRunner.withBean(Placeholders.class)
			.withPropertyValues("my.name=resolved", "my.port=7002", "my.timeout=250ms", "my.limit=7",
					"my.startup=false")
			.run((context) -> {
				DuplexProxyDefinition definition = definition(context, "resolved");
				assertThat(definition.listen().port()).isEqualTo(7002);
				assertThat(definition.decisionTimeout()).isEqualTo(Duration.ofMillis(250));
				assertThat(definition.maxPendingDecisions()).isEqualTo(7);
				assertThat(definition.autoStartup()).isFalse();
				assertThat(context.getBean(FakeDuplexEngine.class).proxy("resolved").state())
					.isEqualTo(ProxyState.STOPPED);
			});
	}

	@Test
	void placeholderThatCannotBeResolvedFails() {
		this.contextRunner.withBean(Placeholders.class)
			.run((context) -> assertThat(context).getFailure().rootCause().hasMessageContaining("my.name"));
	}

	@Test
	void propertyBeatsAttributeBeatsDefault() {
		this.contextRunner.withBean(Attributes.class)
			.withPropertyValues("duplex.proxies.attributes.decision-timeout=1s",
					"duplex.proxies.attributes.max-connections=5")
			.run((context) -> {
				DuplexProxyDefinition definition = definition(context, "attributes");
				assertThat(definition.decisionTimeout()).as("property").isEqualTo(Duration.ofSeconds(1));
				assertThat(definition.maxConnections()).as("property without attribute").isEqualTo(5);
				assertThat(definition.maxPendingDecisions()).as("attribute").isEqualTo(11);
				assertThat(definition.connectTimeout()).as("default").isEqualTo(Duration.ofSeconds(5));
				assertThat(definition.listen().port()).as("attribute").isEqualTo(7003);
			});
		this.contextRunner.withBean(Attributes.class)
			.withPropertyValues("duplex.proxies.attributes.listen=tcp://127.0.0.1:7004")
			.run((context) -> assertThat(definition(context, "attributes").listen().port()).isEqualTo(7004));
	}

	@Test
	void propertyCanBeAPlaceholder() {
		this.contextRunner.withBean(Attributes.class)
			.withPropertyValues("my.listen=tcp://127.0.0.1:7005", "duplex.proxies.attributes.listen=${my.listen}")
			.run((context) -> assertThat(definition(context, "attributes").listen().port()).isEqualTo(7005));
	}

	@Test
	void whenInitializationIsLazyThenRoutesAreFoundAllTheSame() {
		this.contextRunner
			.withInitializer(
					(context) -> context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
			.withUserConfiguration(BeanMethods.class)
			.withBean(RouteMethods.class)
			.withBean(RouterClass.class)
			.run((context) -> assertThat(proxies(context)).extracting(DuplexProxy::name)
				.contains("bymethod", "lambda", "text", "byclass")
				.hasSize(11));
	}

	@Test
	void routeOfALazyBeanIsAddedWhenTheBeanIsMade() {
		this.contextRunner.withUserConfiguration(LazyBean.class).run((context) -> {
			assertThat(proxies(context)).isEmpty();
			context.getBean("lazyRouter");
			assertThat(context.getBean(FakeDuplexEngine.class).proxy("lazy").state()).isEqualTo(ProxyState.STARTED);
		});
	}

	@Test
	void routersBehindAopProxiesAreAskedThroughThem() {
		for (Class<?> configuration : new Class<?>[] { JdkProxies.class, CglibProxies.class }) {
			this.contextRunner.withUserConfiguration(configuration)
				.withBean(RouterClass.class)
				.withBean(CountingAspect.class)
				.run((context) -> {
					assertThat(context.getBean(ConnectionRouter.class)).isNotExactlyInstanceOf(RouterClass.class);
					assertThat(route(definition(context, "byclass"))).hasToString("tcp://127.0.0.1:1");
					assertThat(context.getBean(CountingAspect.class).calls).hasValue(1);
					assertThat(proxies(context)).hasSize(1);
				});
		}
	}

	@Test
	void methodsBehindClassBasedAopProxiesAreAskedThroughThem() {
		this.contextRunner.withUserConfiguration(CglibProxies.class)
			.withBean(SingleRouteMethod.class)
			.withBean(CountingAspect.class)
			.run((context) -> {
				assertThat(route(definition(context, "single"))).hasToString("tcp://127.0.0.1:8");
				assertThat(context.getBean(CountingAspect.class).calls).hasValue(1);
			});
	}

	@Test
	void methodThatAnInterfaceBasedAopProxyHidesIsRefused() {
		this.contextRunner.withUserConfiguration(JdkProxies.class)
			.withBean(HiddenByInterface.class)
			.withBean(CountingAspect.class)
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.hasMessageContaining("Need to invoke method 'route'")
				.hasMessageContaining("switch to CGLIB proxies"));
	}

	private static DuplexProxyDefinition definition(AssertableApplicationContext context, String name) {
		return context.getBean(DuplexProxyRegistry.class).findProxy(name).orElseThrow().definition();
	}

	private static Collection<DuplexProxy> proxies(AssertableApplicationContext context) {
		return context.getBean(DuplexProxyRegistry.class).getProxies();
	}

	private static @Nullable DuplexAddress route(DuplexProxyDefinition definition) throws Exception {
		ConnectionRouter router = definition.router();
		assertThat(router).isNotNull();
		return router.route(CONNECTION);
	}

	@DuplexRoute(name = "byclass", listen = "tcp://127.0.0.1:7001")
	static class RouterClass implements ConnectionRouter {

		@Override
		public DuplexAddress route(InboundConnection connection) {
			return DuplexAddress.of("tcp://127.0.0.1:1");
		}

	}

	static class SubRouterClass extends RouterClass {

	}

	@Configuration
	static class BeanMethods {

		@Bean
		@DuplexRoute(name = "bymethod", listen = "tcp://127.0.0.1:7001")
		ConnectionRouter byMethod() {
			return (connection) -> DuplexAddress.of("tcp://127.0.0.1:2");
		}

		@Bean
		@DuplexRoute(name = "lambda", listen = "tcp://127.0.0.1:7002")
		static ConnectionRouter lambda() {
			return (connection) -> null;
		}

	}

	static class RouteMethods {

		@DuplexRoute(name = "text", listen = "tcp://127.0.0.1:7001")
		public String text(InboundConnection connection) {
			return "tcp://127.0.0.1:3";
		}

		@DuplexRoute(name = "address", listen = "tcp://127.0.0.1:7001")
		public DuplexAddress address(InboundConnection connection) {
			return DuplexAddress.of("unix:///run/x.sock");
		}

		@DuplexRoute(name = "optional", listen = "tcp://127.0.0.1:7001")
		public Optional<String> optional(InboundConnection connection) {
			return Optional.of("tcp://127.0.0.1:4");
		}

		@DuplexRoute(name = "optionaladdress", listen = "tcp://127.0.0.1:7001")
		public Optional<DuplexAddress> optionalAddress(InboundConnection connection) {
			return Optional.of(DuplexAddress.of("tcp://127.0.0.1:5"));
		}

		@DuplexRoute(name = "nothing", listen = "tcp://127.0.0.1:7001")
		public @Nullable String nothing(InboundConnection connection) {
			return null;
		}

		@DuplexRoute(name = "empty", listen = "tcp://127.0.0.1:7001")
		public Optional<String> empty(InboundConnection connection) {
			return Optional.empty();
		}

		@DuplexRoute(name = "hidden", listen = "tcp://127.0.0.1:7001")
		private String hidden(InboundConnection connection) {
			return "tcp://127.0.0.1:6";
		}

		@DuplexRoute(name = "failing", listen = "tcp://127.0.0.1:7001")
		public String failing(InboundConnection connection) {
			throw new IllegalStateException("no decision");
		}

	}

	static class SingleRouteMethod {

		@DuplexRoute(name = "single", listen = "tcp://127.0.0.1:7001")
		public String route(InboundConnection connection) {
			return "tcp://127.0.0.1:8";
		}

	}

	static class HiddenByInterface implements Runnable {

		@Override
		public void run() {
		}

		@DuplexRoute(name = "hidden", listen = "tcp://127.0.0.1:7001")
		public String route(InboundConnection connection) {
			return "tcp://127.0.0.1:9";
		}

	}

	static class VoidMethod {

		@DuplexRoute(name = "wrong", listen = "tcp://127.0.0.1:7001")
		public void route(InboundConnection connection) {
		}

	}

	static class WrongParameter {

		@DuplexRoute(name = "wrong", listen = "tcp://127.0.0.1:7001")
		public String route(String connection) {
			return connection;
		}

	}

	static class OptionalOfWrongType {

		@DuplexRoute(name = "wrong", listen = "tcp://127.0.0.1:7001")
		public Optional<Integer> route(InboundConnection connection) {
			return Optional.empty();
		}

	}

	@DuplexRoute(name = "wrong", listen = "tcp://127.0.0.1:7001")
	static class NotARouter {

	}

	@DuplexRoute(name = "${my.name}", listen = "tcp://127.0.0.1:${my.port}", decisionTimeout = "${my.timeout}",
			maxPendingDecisions = "${my.limit}", autoStartup = "${my.startup}")
	static class Placeholders extends RouterClass {

	}

	@DuplexRoute(name = "attributes", listen = "tcp://127.0.0.1:7003", decisionTimeout = "2s",
			maxPendingDecisions = "11")
	static class Attributes extends RouterClass {

	}

	@Configuration(proxyBeanMethods = false)
	static class LazyBean {

		@Bean
		@Lazy
		@DuplexRoute(name = "lazy", listen = "tcp://127.0.0.1:7001")
		ConnectionRouter lazyRouter() {
			return (connection) -> null;
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAspectJAutoProxy(proxyTargetClass = false)
	static class JdkProxies {

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAspectJAutoProxy(proxyTargetClass = true)
	static class CglibProxies {

	}

	@Aspect
	static class CountingAspect {

		final AtomicInteger calls = new AtomicInteger();

		@Before("execution(* io.duplex.boot.autoconfigure.DuplexRouteTests.*.route(..))")
		void count() {
			this.calls.incrementAndGet();
		}

	}

	record TestConnection() implements InboundConnection {

		@Override
		public long id() {
			return 1;
		}

		@Override
		public String proxy() {
			return "test";
		}

		@Override
		public DuplexAddress clientAddress() {
			return DuplexAddress.of("tcp://127.0.0.1:50000");
		}

		@Override
		public DuplexAddress localAddress() {
			return DuplexAddress.of("tcp://127.0.0.1:7000");
		}

		@Override
		public Instant since() {
			return Instant.EPOCH;
		}

	}

}
