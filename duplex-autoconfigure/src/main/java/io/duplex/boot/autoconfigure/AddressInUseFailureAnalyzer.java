/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.AddressInUseException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * A {@code FailureAnalyzer} for addresses on which somebody listens already.
 */
class AddressInUseFailureAnalyzer extends AbstractFailureAnalyzer<AddressInUseException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, AddressInUseException cause) {
		ListenFailure failure = ListenFailure.of(rootFailure, cause);
		return new FailureAnalysis("%s: the address was already in use.".formatted(failure.description()),
				"Identify and stop the process that's listening on it, perhaps another instance, proxy or web server of this application, "
						+ "or %s.".formatted(failure.anotherAddress()),
				cause);
	}

}
