/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.util.List;
import java.util.concurrent.Executor;

import io.duplex.DuplexEngineOptions;
import org.junit.jupiter.api.Test;

import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Tests for {@link DuplexEngineFactory}.
 */
class DuplexEngineFactoryTests {

	private final DuplexProperties.Engine properties = new DuplexProperties.Engine();

	private final Executor executor = (task) -> {
	};

	@Test
	void optionsHaveTheDefaultsOfTheProperties() {
		DuplexEngineOptions options = options();
		assertThat(options.workers()).isZero();
		assertThat(options.pipeSize()).isEqualTo(256 * 1024);
		assertThat(options.decisionExecutor()).isSameAs(this.executor);
		assertThat(options.completionExecutor()).isNull();
	}

	@Test
	void optionsHaveWhatIsSet() {
		this.properties.setWorkers(3);
		this.properties.setPipeSize(DataSize.ofKilobytes(64));
		DuplexEngineOptions options = options();
		assertThat(options.workers()).isEqualTo(3);
		assertThat(options.pipeSize()).isEqualTo(64 * 1024);
	}

	@Test
	void customizersComeLastAndInTheirOrder() {
		this.properties.setWorkers(3);
		DuplexEngineOptions options = options((current) -> current.withWorkers(current.workers() + 1),
				(current) -> current.withWorkers(current.workers() * 2).withReservedDescriptors(100));
		assertThat(options.workers()).isEqualTo(8);
		assertThat(options.reservedDescriptors()).isEqualTo(100);
	}

	@Test
	void wrongPropertiesAreNamed() {
		for (int workers : new int[] { -1, 0, 65 }) {
			this.properties.setWorkers(workers);
			assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class).isThrownBy(this::options)
				.satisfies((ex) -> assertThat(ex.getName()).isEqualTo("duplex.engine.workers"))
				.satisfies((ex) -> assertThat(ex.getReason()).isEqualTo("Must be between 1 and 64."));
		}
		this.properties.setWorkers(null);
		for (DataSize size : List.of(DataSize.ofBytes(-1), DataSize.ofBytes(0), DataSize.ofBytes(1),
				DataSize.ofBytes(65535), DataSize.ofBytes(1048577), DataSize.ofTerabytes(1))) {
			this.properties.setPipeSize(size);
			assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class).isThrownBy(this::options)
				.satisfies((ex) -> assertThat(ex.getName()).isEqualTo("duplex.engine.pipe-size"))
				.satisfies((ex) -> assertThat(ex.getReason()).isEqualTo("Must be between 64KB and 1MB."));
		}
	}

	@Test
	void theEndsOfTheRangesThatMessagesTellAreAllowed() {
		this.properties.setWorkers(1);
		this.properties.setPipeSize(DataSize.ofKilobytes(64));
		assertThat(options()).satisfies((options) -> assertThat(options.workers()).isEqualTo(1))
			.satisfies((options) -> assertThat(options.pipeSize()).isEqualTo(65536));
		this.properties.setWorkers(64);
		this.properties.setPipeSize(DataSize.ofMegabytes(1));
		assertThat(options()).satisfies((options) -> assertThat(options.workers()).isEqualTo(64))
			.satisfies((options) -> assertThat(options.pipeSize()).isEqualTo(1048576));
	}

	private DuplexEngineOptions options(DuplexEngineOptionsCustomizer... customizers) {
		return new DuplexEngineFactory(this.properties, this.executor, List.of(customizers)).options();
	}

}
