/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.sample;

import java.util.Map;

import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * Properties of the sample.
 *
 * @param backends TCP ports of the embedded backends, by their names
 * @param handshake the address on which {@link HandshakeServer} listens
 */
@ConfigurationProperties("sample")
record SampleProperties(Map<String, Integer> backends, String handshake) {

	String address(String backend) {
		return "tcp://127.0.0.1:" + this.backends.get(backend);
	}

}
