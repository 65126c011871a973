/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.util.List;
import java.util.concurrent.Executor;

import io.duplex.DuplexEngine;
import io.duplex.DuplexEngineOptions;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;

/**
 * Creates the engine from properties and customizers.
 */
record DuplexEngineFactory(DuplexProperties.Engine properties, Executor decisionExecutor,
		List<DuplexEngineOptionsCustomizer> customizers) {

	DuplexEngine create() {
		return DuplexEngine.create(options());
	}

	DuplexEngineOptions options() {
		DuplexEngineOptions options = DuplexEngineOptions.DEFAULTS.withDecisionExecutor(this.decisionExecutor);
		options = withWorkers(options, this.properties.getWorkers());
		options = withPipeSize(options);
		for (DuplexEngineOptionsCustomizer customizer : this.customizers) {
			options = customizer.customize(options);
		}
		return options;
	}

	private DuplexEngineOptions withWorkers(DuplexEngineOptions options, @Nullable Integer workers) {
		try {
			return (workers != null) ? options.withWorkers(workers) : options;
		}
		catch (IllegalArgumentException ex) {
			throw invalid("duplex.engine.workers", workers, ex);
		}
	}

	private DuplexEngineOptions withPipeSize(DuplexEngineOptions options) {
		long bytes = this.properties.getPipeSize().toBytes();
		try {
			return options.withPipeSize((int) Math.max(Math.min(bytes, Integer.MAX_VALUE), -1));
		}
		catch (IllegalArgumentException ex) {
			throw invalid("duplex.engine.pipe-size", this.properties.getPipeSize(), ex);
		}
	}

	private static InvalidConfigurationPropertyValueException invalid(String property, @Nullable Object value,
			IllegalArgumentException ex) {
		return new InvalidConfigurationPropertyValueException(property, value,
				"The engine says: " + ex.getMessage() + ".", ex);
	}

}
