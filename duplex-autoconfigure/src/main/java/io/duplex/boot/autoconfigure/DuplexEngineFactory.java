/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.IntFunction;
import java.util.function.LongFunction;

import io.duplex.DuplexEngine;
import io.duplex.DuplexEngineOptions;

import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

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
		Integer workers = this.properties.getWorkers();
		if (workers != null) {
			options = set("duplex.engine.workers", workers, workers, ofInt(options::withWorkers),
					"Must be between 1 and 64.");
		}
		DataSize pipeSize = this.properties.getPipeSize();
		options = set("duplex.engine.pipe-size", pipeSize, pipeSize.toBytes(), ofInt(options::withPipeSize),
				"Must be between 64KB and 1MB.");
		DataSize messageBudget = this.properties.getMessageBudget();
		options = set("duplex.engine.message-budget", messageBudget, messageBudget.toBytes(),
				options::withMessageBudget, "Must be positive.");
		for (DuplexEngineOptionsCustomizer customizer : this.customizers) {
			options = customizer.customize(options);
		}
		return options;
	}

	/**
	 * Set an option. The engine's default, which is 0 to the engine, is a property's by
	 * not being set.
	 */
	private static DuplexEngineOptions set(String property, Object value, long number,
			LongFunction<DuplexEngineOptions> option, String reason) {
		if (number <= 0) {
			throw new InvalidConfigurationPropertyValueException(property, value, reason);
		}
		try {
			return option.apply(number);
		}
		catch (ArithmeticException | IllegalArgumentException ex) {
			throw new InvalidConfigurationPropertyValueException(property, value, reason, ex);
		}
	}

	private static LongFunction<DuplexEngineOptions> ofInt(IntFunction<DuplexEngineOptions> option) {
		return (number) -> option.apply(Math.toIntExact(number));
	}

}
