/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import java.nio.file.Path;

import io.duplex.AddressInUseException;
import io.duplex.DuplexAddress;
import io.duplex.DuplexException;
import io.duplex.PortPermissionException;
import io.duplex.ResourceExhaustedException;
import io.duplex.SystemError;
import io.duplex.boot.DuplexProxyStartException;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * A {@code FailureAnalyzer} for proxies that could not listen for any reason that has no
 * analyzer of its own. What the operating system did not say stays a stack trace.
 */
class ProxyStartFailureAnalyzer extends AbstractFailureAnalyzer<DuplexProxyStartException> {

	@Override
	protected @Nullable FailureAnalysis analyze(Throwable rootFailure, DuplexProxyStartException cause) {
		if (!(cause.getCause() instanceof DuplexException failure) || hasAnalyzer(failure)) {
			return null;
		}
		SystemError error = failure.getError();
		if (error == null) {
			return null;
		}
		ListenFailure listenFailure = ListenFailure.of(rootFailure, failure);
		String action = (failure instanceof ResourceExhaustedException)
				? "Check the limits of the process and of the machine, for example of open files and of memory."
				: action(error, cause.getDefinition().listen(), listenFailure);
		return new FailureAnalysis("%s: %s (%s).".formatted(listenFailure.description(), error.text(), error.name()),
				action, cause);
	}

	private boolean hasAnalyzer(DuplexException failure) {
		return failure instanceof AddressInUseException || failure instanceof PortPermissionException;
	}

	private String action(SystemError error, DuplexAddress address, ListenFailure failure) {
		return switch (error.name()) {
			case "EADDRNOTAVAIL" ->
				"Configure an address of this machine, or 0.0.0.0 for all%s.".formatted(failure.property());
			case "ENOENT" -> "Create the folder%s, or %s.".formatted(folder(address), failure.anotherAddress());
			case "EACCES", "EPERM" -> "Give the process the permission to write to the folder%s, or %s."
				.formatted(folder(address), failure.anotherAddress());
			default -> "Check the address, or %s.".formatted(failure.anotherAddress());
		};
	}

	private String folder(DuplexAddress address) {
		Path folder = address.isTcp() ? null : Path.of(address.path()).getParent();
		return (folder != null) ? " " + folder : "";
	}

}
