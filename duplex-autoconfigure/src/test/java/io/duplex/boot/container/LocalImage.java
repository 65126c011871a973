/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.container;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import com.github.dockerjava.api.exception.NotFoundException;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.testcontainers.DockerClientFactory;

/**
 * Skips a test where the image that its containers are made of has not been built: it
 * comes from no registry.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(LocalImage.Condition.class)
@interface LocalImage {

	/**
	 * A Debian with redis, PostgreSQL and nginx.
	 */
	String NAME = "duplex-test/bookworm";

	class Condition implements ExecutionCondition {

		@Override
		public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
			if (!DockerClientFactory.instance().isDockerAvailable()) {
				return ConditionEvaluationResult.disabled("There is no Docker");
			}
			try {
				DockerClientFactory.instance().client().inspectImageCmd(NAME).exec();
				return ConditionEvaluationResult.enabled("There is an image " + NAME);
			}
			catch (NotFoundException ex) {
				return ConditionEvaluationResult.disabled("There is no image " + NAME + ": .ci/containers builds it");
			}
		}

	}

}
