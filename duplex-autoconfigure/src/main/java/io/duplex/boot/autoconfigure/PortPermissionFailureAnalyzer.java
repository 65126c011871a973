/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.autoconfigure;

import io.duplex.PortPermissionException;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/**
 * A {@code FailureAnalyzer} for addresses that need a privilege.
 */
class PortPermissionFailureAnalyzer extends AbstractFailureAnalyzer<PortPermissionException> {

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, PortPermissionException cause) {
		ListenFailure failure = ListenFailure.of(rootFailure, cause);
		return new FailureAnalysis("%s: the process has no permission to do so.".formatted(failure
			.description()), "For a port below 1024, give the process the capability CAP_NET_BIND_SERVICE or lower "
					+ "net.ipv4.ip_unprivileged_port_start. For a unix socket, check the permissions of its folder. "
					+ "Or %s.".formatted(failure.anotherAddress()),
				cause);
	}

}
