/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

import io.duplex.AddressInUseException;
import io.duplex.ConnectionRouter;
import io.duplex.DuplexAddress;
import io.duplex.DuplexClosedException;
import io.duplex.DuplexEngine;
import io.duplex.DuplexException;
import io.duplex.DuplexProxyDefinition;
import io.duplex.InboundConnection;
import io.duplex.NativeLibraryException;
import io.duplex.NativeLibraryException.Kind;
import io.duplex.PortPermissionException;
import io.duplex.ResourceExhaustedException;
import io.duplex.SystemError;
import io.duplex.boot.DuplexRoute;
import io.duplex.boot.testing.FakeDuplexEngine;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

/**
 * Tests for what an application says when it fails to start because of Duplex: what is
 * wrong, where, and the way out.
 */
@ExtendWith(OutputCaptureExtension.class)
class DuplexFailureAnalysisTests {

	private static final String CACHE = """
			duplex:
			  proxies:
			    cache:
			      listen: tcp://127.0.0.1:6380
			      backends: [ "tcp://127.0.0.1:1" ]
			""";

	@TempDir
	private Path folder;

	@Test
	void addressInUse(CapturedOutput output) throws IOException {
		DuplexException failure = new AddressInUseException("listen on", "tcp://127.0.0.1:6380", null, "in use");
		startFailing(CACHE, failingToListen(failure));
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("The proxy 'cache' could not listen on tcp://127.0.0.1:6380: the address was already in use.")
			.contains(
					"Identify and stop the process that's listening on it, perhaps another instance, proxy or web server of this "
							+ "application, or configure another address (duplex.proxies.cache.listen).");
	}

	@Test
	void noPermissionForThePort(CapturedOutput output) throws IOException {
		DuplexException failure = new PortPermissionException("listen on", "tcp://127.0.0.1:80", null, "forbidden");
		startFailing(CACHE, failingToListen(failure));
		assertThat(output)
			.contains("The proxy 'cache' could not listen on tcp://127.0.0.1:6380: the process has no permission")
			.contains("CAP_NET_BIND_SERVICE")
			.contains("net.ipv4.ip_unprivileged_port_start")
			.contains("duplex.proxies.cache.listen");
	}

	@Test
	void addressOfAnotherMachine(CapturedOutput output) throws IOException {
		startFailing(CACHE, failingToListen(99, "EADDRNOTAVAIL", "Cannot assign requested address"));
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("The proxy 'cache' could not listen on tcp://127.0.0.1:6380: Cannot assign requested address "
					+ "(EADDRNOTAVAIL).")
			.contains("Configure an address of this machine, or 0.0.0.0 for all (duplex.proxies.cache.listen).")
			.doesNotContain("\tat io.duplex");
	}

	@Test
	void folderOfAUnixSocketThatIsNotThere(CapturedOutput output) throws IOException {
		Path missing = this.folder.resolve("missing");
		startFailing(CACHE.replace("tcp://127.0.0.1:6380", "unix://" + missing.resolve("cache.sock")),
				(Supplier<DuplexEngine>) null);
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("The proxy 'cache' could not listen on unix://" + missing
					+ "/cache.sock: No such file or directory (ENOENT).")
			.contains("Create the folder " + missing + ", or configure another address (duplex.proxies.cache.listen).")
			.doesNotContain("\tat io.duplex");
	}

	@Test
	void noPermissionForTheFolderOfAUnixSocket(CapturedOutput output) throws IOException {
		startFailing(CACHE.replace("tcp://127.0.0.1:6380", "unix:///run/cache/cache.sock"),
				failingToListen(13, "EACCES", "Permission denied"));
		assertThat(output)
			.contains("The proxy 'cache' could not listen on unix:///run/cache/cache.sock: Permission denied (EACCES).")
			.contains("Give the process the permission to write to the folder /run/cache, or configure another address "
					+ "(duplex.proxies.cache.listen).");
	}

	@Test
	void anyOtherErrorOfTheOperatingSystem(CapturedOutput output) throws IOException {
		startFailing(CACHE, failingToListen(97, "EAFNOSUPPORT", "Address family not supported by protocol"));
		assertThat(output)
			.contains("The proxy 'cache' could not listen on tcp://127.0.0.1:6380: Address family not supported by "
					+ "protocol (EAFNOSUPPORT).")
			.contains("Check the address, or configure another address (duplex.proxies.cache.listen).");
	}

	@Test
	void nothingLeftToListenWith(CapturedOutput output) throws IOException {
		startFailing(CACHE, failingToListen(new ResourceExhaustedException("listen on", "tcp://127.0.0.1:6380",
				new SystemError(24, "EMFILE", "Too many open files"), "Too many open files")));
		assertThat(output)
			.contains("The proxy 'cache' could not listen on tcp://127.0.0.1:6380: Too many open files (EMFILE).")
			.contains("Check the limits of the process and of the machine");
	}

	@Test
	void whatTheOperatingSystemDidNotSayStaysAStackTrace(CapturedOutput output) throws IOException {
		startFailing(CACHE, failingToListen(
				new DuplexClosedException("listen on", "tcp://127.0.0.1:6380", null, "the engine is closed")));
		assertThat(output).doesNotContain("APPLICATION FAILED TO START")
			.contains("Application run failed")
			.contains("the engine is closed");
	}

	@Test
	void unsupportedPlatform(CapturedOutput output) throws IOException {
		startFailing("", failingToLoad(Kind.UNSUPPORTED_PLATFORM));
		assertThat(output).contains("there is none for the platform plan9-vax")
			.contains("Duplex works on Linux with glibc, on x86-64 and aarch64 processors.")
			.contains("duplex.enabled=false");
	}

	@Test
	void unsupportedLibc(CapturedOutput output) throws IOException {
		startFailing("", failingToLoad(Kind.LIBC));
		assertThat(output).contains("it needs another C library than the one of this machine")
			.contains("glibc")
			.contains("duplex.enabled=false");
	}

	@Test
	void temporaryFolderThatIsReadOnlyOrNoexec(CapturedOutput output) throws IOException {
		startFailing("", failingToLoad(Kind.TEMPORARY_FOLDER));
		assertThat(output)
			.contains(
					"cannot be unpacked to and loaded from the temporary folder /tmp/jna, which is read-only, full or "
							+ "mounted with noexec")
			.contains("-Djna.tmpdir=")
			.contains("duplex.enabled=false");
	}

	@Test
	void libraryThatCannotBeLoaded(CapturedOutput output) throws IOException {
		startFailing("", failingToLoad(Kind.NOT_LOADABLE));
		assertThat(output).contains("it cannot be loaded on plan9-vax")
			.contains("the reason")
			.contains("duplex.enabled=false");
	}

	@Test
	void wrongListenAddressInYamlIsToldWithFileAndLine(CapturedOutput output) throws IOException {
		startFailing("""
				duplex:
				  proxies:
				    cache:
				      listen: 127.0.0.1:6380
				      backends: [ "tcp://127.0.0.1:1" ]
				""");
		assertThat(output)
			.contains("Invalid value '127.0.0.1:6380' for configuration property 'duplex.proxies.cache.listen'")
			.contains("application.yml] - 4:15")
			.contains("expected tcp://host:port, unix:///path, unix://@name or fd://N");
	}

	/** Without its origins a gateway would let every page in. */
	@Test
	void aMisspeltPropertyIsTold(CapturedOutput output) throws IOException {
		startFailing("""
				duplex:
				  proxies:
				    cache:
				      listen: ws://127.0.0.1:0
				      backends: [ "tcp://127.0.0.1:1" ]
				      websocket:
				        origin: [ "https://example.org" ]
				""");
		assertThat(output).contains("APPLICATION FAILED TO START")
			.contains("duplex.proxies.cache.websocket.origin[0]")
			.contains("application.yml] - 7:19")
			.doesNotContain("\tat io.duplex");
	}

	@Test
	void wrongBackendInYamlIsToldWithFileAndLine(CapturedOutput output) throws IOException {
		startFailing("""
				duplex:
				  proxies:
				    cache:
				      listen: tcp://127.0.0.1:6380
				      backends:
				      - tcp://127.0.0.1:1
				      - tcp://127.0.0.1
				""");
		assertThat(output)
			.contains("Invalid value 'tcp://127.0.0.1' for configuration property 'duplex.proxies.cache.backends[1]'")
			.contains("application.yml] - 7:9")
			.contains("the port is missing, expected tcp://host:port");
	}

	@Test
	void wrongBackendObjectInYamlIsToldWithFileAndLine(CapturedOutput output) throws IOException {
		startFailing("""
				duplex:
				  proxies:
				    cache:
				      listen: tcp://127.0.0.1:6380
				      backends:
				      - name: a
				        address: tcp://127.0.0.1:99999
				""");
		assertThat(output)
			.contains("Invalid value 'tcp://127.0.0.1:99999' for configuration property "
					+ "'duplex.proxies.cache.backends[0].address'")
			.contains("application.yml] - 7:18");
	}

	@Test
	void backendWithoutAddressIsToldWithFileAndLine(CapturedOutput output) throws IOException {
		startFailing("""
				duplex:
				  proxies:
				    cache:
				      listen: tcp://127.0.0.1:6380
				      backends:
				      - name: a
				""");
		assertThat(output).contains("'duplex.proxies.cache.backends[0].name'")
			.contains("application.yml] - 6:15")
			.contains("'a' has no address: set duplex.proxies.cache.backends[0].address.");
	}

	@Test
	void backendsOfTheSameNameAreToldWithFileAndLine(CapturedOutput output) throws IOException {
		startFailing("""
				duplex:
				  proxies:
				    cache:
				      listen: tcp://127.0.0.1:6380
				      backends:
				      - name: a
				        address: tcp://127.0.0.1:1
				      - name: a
				        address: tcp://127.0.0.1:2
				""");
		assertThat(output)
			.contains("Invalid value 'a' for configuration property 'duplex.proxies.cache.backends[1].name'")
			.contains("application.yml] - 8:15")
			.contains("'a' is the name of two backends.");
	}

	@Test
	void backendsOfTheSameDefaultNameAreToldWithFileAndLine(CapturedOutput output) throws IOException {
		startFailing("""
				duplex:
				  proxies:
				    cache:
				      listen: tcp://127.0.0.1:6380
				      backends:
				      - unix:///a/cache.sock
				      - unix:///b/cache.sock
				""");
		assertThat(output)
			.contains("Invalid value 'unix:///b/cache.sock' for configuration property "
					+ "'duplex.proxies.cache.backends[1]'")
			.contains("application.yml] - 7:9")
			.contains("'unix:///b/cache.sock' has the default name 'cache.sock', which another backend has too: give "
					+ "one of them another name.");
	}

	@Test
	void backendWithPortZeroIsToldWithFileAndLine(CapturedOutput output) throws IOException {
		startFailing(CACHE.replace("127.0.0.1:1\"", "127.0.0.1:0\""));
		assertThat(output).contains("application.yml] - 5:19")
			.contains("'tcp://127.0.0.1:0' is no address that can be connected to: its port is 0.");
	}

	@Test
	void wrongLimitInYamlIsToldWithFileAndLine(CapturedOutput output) throws IOException {
		startFailing(CACHE + "      connectAttempts: 0\n");
		assertThat(output)
			.contains("Invalid value '0' for configuration property 'duplex.proxies.cache.connect-attempts'")
			.contains("application.yml] - 6:24")
			.contains("Must be positive.");
	}

	@Test
	void wrongDurationInYamlIsToldWithFileAndLine(CapturedOutput output) throws IOException {
		startFailing(CACHE + "      idle-timeout: soon\n");
		assertThat(output).contains("Property: duplex.proxies.cache.idle-timeout").contains("application.yml] - 6:21");
	}

	@Test
	void wrongEngineOptionsAreToldWithFileAndLine(CapturedOutput output) throws IOException {
		startFailing("duplex:\n  engine:\n    workers: 1000\n", (Supplier<DuplexEngine>) null);
		assertThat(output).contains("Invalid value '1000' for configuration property 'duplex.engine.workers'")
			.contains("application.yml] - 3:14")
			.contains("Must be between 1 and 64.");
		startFailing("duplex:\n  engine:\n    pipe-size: 3GB\n", (Supplier<DuplexEngine>) null);
		assertThat(output).contains("Invalid value '3GB' for configuration property 'duplex.engine.pipe-size'")
			.contains("application.yml] - 3:16")
			.contains("Must be between 64KB and 1MB.");
	}

	@Test
	void negativeGracePeriodIsToldWithFileAndLine(CapturedOutput output) throws IOException {
		startFailing("duplex:\n  shutdown:\n    grace-period: -1s\n");
		assertThat(output).contains("Invalid value '-1s' for configuration property 'duplex.shutdown.grace-period'")
			.contains("application.yml] - 3:19");
	}

	@Test
	void missingBackends(CapturedOutput output) throws IOException {
		startFailing("duplex:\n  proxies:\n    cache:\n      listen: tcp://127.0.0.1:6380\n");
		assertThat(output).contains("The proxy 'cache', declared by 'duplex.proxies.cache' (originating from ")
			.contains("application.yml] - 4:15'), is not valid: its backends must not be empty without a router.")
			.contains("Set the property 'duplex.proxies.cache.backends', or have the connections routed by the "
					+ "application: @DuplexRoute(name = \"cache\").");
	}

	@Test
	void missingListenAddress(CapturedOutput output) throws IOException {
		startFailing("duplex:\n  proxies:\n    cache:\n      backends: [ \"tcp://127.0.0.1:1\" ]\n");
		assertThat(output).contains("is not valid: its listen must be set")
			.contains("set the property 'duplex.proxies.cache.listen'");
	}

	@Test
	void wrongNameInYaml(CapturedOutput output) throws IOException {
		startFailing(CACHE.replace("cache:", "my-cache:"));
		assertThat(output).contains("The proxy 'my-cache', declared by 'duplex.proxies.my-cache' (originating from ")
			.contains("its name 'my-cache' must be a lower case letter, followed by lower case letters and digits.")
			.contains("Give the proxy another name.");
	}

	@Test
	void wrongNameOfARoute(CapturedOutput output) throws IOException {
		startFailing("", WrongName.class);
		assertThat(output).contains("The proxy 'My Route', declared by @DuplexRoute on bean '")
			.contains("its name 'My Route' must be a lower case letter, followed by lower case letters and digits.");
	}

	@Test
	void backendsTogetherWithARouter(CapturedOutput output) throws IOException {
		startFailing(CACHE.replace("cache:", "web:"), WebRoute.class);
		assertThat(output)
			.contains("Invalid value 'tcp://127.0.0.1:1' for configuration property 'duplex.proxies.web.backends[0]'")
			.contains("application.yml] - 5:19")
			.contains("Cannot be combined with @DuplexRoute on bean '")
			.doesNotContain("Backend[");
	}

	@Test
	void backendsTogetherWithARouterInCode(CapturedOutput output) throws IOException {
		startFailing("", BackendsAndRouter.class);
		assertThat(output).contains("its backends '[tcp://127.0.0.1:1]' cannot be combined with a router");
	}

	@Test
	void routeWithoutListenAddress(CapturedOutput output) throws IOException {
		startFailing("", NoListen.class);
		assertThat(output).contains("The proxy 'web', declared by @DuplexRoute on bean '")
			.contains("its listen must be set.")
			.contains("set the property 'duplex.proxies.web.listen'");
	}

	@Test
	void wrongListenAttributeOfARoute(CapturedOutput output) throws IOException {
		startFailing("", WrongListen.class);
		assertThat(output).contains("The proxy 'web', declared by @DuplexRoute on bean '")
			.contains("its listen 'localhost:80' is no address: expected tcp://host:port");
	}

	@Test
	void wrongDurationAttributeOfARoute(CapturedOutput output) throws IOException {
		startFailing("", WrongTimeout.class);
		assertThat(output).contains("Property: duplex.proxies.web.decision-timeout")
			.contains("Value: \"soon\"")
			.contains("Origin: @DuplexRoute on bean '");
	}

	@Test
	void twoRoutesOfTheSameName(CapturedOutput output) throws IOException {
		startFailing("", WebRoute.class, OtherWebRoute.class);
		assertThat(output).contains("The proxy 'web', declared by @DuplexRoute on bean '")
			.contains("its name 'web' is also the name of the proxy declared by @DuplexRoute on bean '")
			.contains("Give the proxy another name.");
	}

	@Test
	void beanAndPropertiesOfTheSameName(CapturedOutput output) throws IOException {
		startFailing(CACHE, CacheDefinition.class);
		assertThat(output).contains("The proxy 'cache', declared by bean 'cacheDefinition'")
			.contains("is also the name of the proxy declared by 'duplex.proxies.cache'");
	}

	@Test
	void wrongDefinitionInCode(CapturedOutput output) throws IOException {
		startFailing("", WrongDefinition.class);
		assertThat(output).contains(
				"The proxy 'cache', declared by bean 'wrongDefinition', is not valid: its connect attempts '0' must be positive.")
			.contains("Correct it where the proxy is declared.")
			.doesNotContain("duplex.proxies.cache");
	}

	private void startFailing(String yaml, Class<?>... sources) throws IOException {
		startFailing(yaml, FakeDuplexEngine::new, sources);
	}

	private void startFailing(String yaml, @Nullable Supplier<DuplexEngine> engine, Class<?>... sources)
			throws IOException {
		Path file = Files.writeString(this.folder.resolve("application.yml"), yaml);
		SpringApplication application = new SpringApplication(Application.class);
		application.addPrimarySources(List.of(sources));
		application.setWebApplicationType(WebApplicationType.NONE);
		if (engine != null) {
			application.addInitializers((context) -> ((GenericApplicationContext) context).registerBean("engine",
					DuplexEngine.class, engine));
		}
		assertThatException().isThrownBy(
				() -> application.run("--spring.config.location=" + file.toUri(), "--spring.main.banner-mode=off"));
	}

	private static Supplier<DuplexEngine> failingToListen(int number, String name, String text) {
		return failingToListen(
				new DuplexException("listen on", "somewhere", new SystemError(number, name, text), text, null));
	}

	private static Supplier<DuplexEngine> failingToListen(DuplexException failure) {
		return () -> new FakeDuplexEngine((proxy) -> proxy.failOnStart(failure));
	}

	private static Supplier<DuplexEngine> failingToLoad(Kind kind) {
		return () -> {
			throw new NativeLibraryException(kind, "plan9-vax", "/tmp/jna", "the reason", null);
		};
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(DuplexAutoConfiguration.class)
	static class Application {

	}

	static class Router implements ConnectionRouter {

		@Override
		public @Nullable DuplexAddress route(InboundConnection connection) {
			return null;
		}

	}

	@DuplexRoute(name = "web", listen = "tcp://127.0.0.1:0")
	static class WebRoute extends Router {

	}

	@DuplexRoute(name = "web", listen = "tcp://127.0.0.1:0")
	static class OtherWebRoute extends Router {

	}

	@DuplexRoute(name = "My Route", listen = "tcp://127.0.0.1:0")
	static class WrongName extends Router {

	}

	@DuplexRoute(name = "web")
	static class NoListen extends Router {

	}

	@DuplexRoute(name = "web", listen = "localhost:80")
	static class WrongListen extends Router {

	}

	@DuplexRoute(name = "web", listen = "tcp://127.0.0.1:0", decisionTimeout = "soon")
	static class WrongTimeout extends Router {

	}

	@Configuration(proxyBeanMethods = false)
	static class CacheDefinition {

		@Bean
		DuplexProxyDefinition cacheDefinition() {
			return DuplexProxyDefinition.builder("cache")
				.listen("tcp://127.0.0.1:0")
				.backends("tcp://127.0.0.1:1")
				.build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class BackendsAndRouter {

		@Bean
		DuplexProxyDefinition backendsAndRouter() {
			return DuplexProxyDefinition.builder("cache")
				.listen("tcp://127.0.0.1:0")
				.backends("tcp://127.0.0.1:1")
				.router(new Router())
				.build();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class WrongDefinition {

		@Bean
		DuplexProxyDefinition wrongDefinition() {
			return DuplexProxyDefinition.builder("cache")
				.listen("tcp://127.0.0.1:0")
				.backends("tcp://127.0.0.1:1")
				.connectAttempts(0)
				.build();
		}

	}

}
