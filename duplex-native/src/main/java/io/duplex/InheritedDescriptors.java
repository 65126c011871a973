/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.List;
import java.util.Map;

/**
 * Descriptors that the process was started with: by number, or by the name that systemd's
 * socket activation gives them (sd_listen_fds(3): {@code LISTEN_PID}, {@code LISTEN_FDS},
 * {@code LISTEN_FDNAMES}).
 */
final class InheritedDescriptors {

	private static final int FIRST = 3;

	private InheritedDescriptors() {
	}

	static int resolve(DuplexAddress address) {
		return resolve(address, System.getenv(), ProcessHandle.current().pid());
	}

	static int resolve(DuplexAddress address, Map<String, String> environment, long pid) {
		String name = address.inherited();
		if (name.chars().allMatch((c) -> c >= '0' && c <= '9')) {
			return Integer.parseInt(name);
		}
		String count = environment.get("LISTEN_FDS");
		if (count == null) {
			throw refused(address, "the process was not started by socket activation (no LISTEN_FDS)");
		}
		if (!Long.toString(pid).equals(environment.get("LISTEN_PID"))) {
			throw refused(address, "LISTEN_PID names another process: " + environment.get("LISTEN_PID"));
		}
		List<String> names = List.of(environment.getOrDefault("LISTEN_FDNAMES", "").split(":", -1));
		int index = names.indexOf(name);
		if (index < 0) {
			throw refused(address, "LISTEN_FDNAMES has no such name: " + names);
		}
		return FIRST + index;
	}

	private static DuplexException refused(DuplexAddress address, String reason) {
		return new DuplexException("listen on", address.toString(), null, reason, null);
	}

}
